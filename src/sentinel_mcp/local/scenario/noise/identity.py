"""Ordinary sign-ins and directory changes."""

from __future__ import annotations

from sentinel_mcp.local.identity import TENANT_ID
from sentinel_mcp.local.scenario.noise.stream import Stream

_APPS = """[
    {'name': 'OfficeHome', 'id': '4765445b-32c6-49b0-83e6-1d93765276ca'},
    {'name': 'Office 365 Exchange Online', 'id': '00000002-0000-0ff1-ce00-000000000000'},
    {'name': 'Microsoft Teams', 'id': '1fec8e78-bce4-4aaf-ab1b-5451cc387264'},
    {'name': 'Microsoft Teams', 'id': '1fec8e78-bce4-4aaf-ab1b-5451cc387264'},
    {'name': 'Office 365 SharePoint Online', 'id': '00000003-0000-0ff1-ce00-000000000000'},
    {'name': 'Microsoft Office', 'id': 'd3590ed6-52b3-4102-aeff-aad2292ab01c'},
    {'name': 'Azure Portal', 'id': 'c44b4083-3bb0-49c1-b47d-974e53cbdf3c'},
    {'name': 'Northwind ERP', 'id': '7a1f0c52-9e0b-4d43-8a55-2b6f6f0c9d11'}]"""

_AGENTS = """[
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1']"""  # noqa: E501 - as browsers write it

# Some 5 of 100 fail; what a wrong password, a missing second factor or a policy leaves behind.
_CODE = """CASE WHEN r(i, 'code') < 0.945 THEN '0' WHEN r(i, 'code') < 0.968 THEN '50126'
    WHEN r(i, 'code') < 0.984 THEN '50074' WHEN r(i, 'code') < 0.995 THEN '50140'
    ELSE '53003' END"""
_REASON = """CASE code WHEN '0' THEN '' WHEN '50126' THEN
    'Error validating credentials due to invalid username or password.'
    WHEN '50074' THEN 'Strong Authentication is required.' WHEN '50140' THEN
    'This error occurred due to ''Keep me signed in'' interrupt when the user was signing-in.'
    ELSE 'Access has been blocked by Conditional Access policies.' END"""

# At the office seven days in ten of the working week; from home else.
_OFFICE = "r(i, 'office') < 0.7 AND dayofweek(t) BETWEEN 1 AND 5 AND hour(t) BETWEEN 7 AND 18"

_LOCATION = """json_object('city', p.site, 'state', p.state, 'countryOrRegion', p.country,
    'geoCoordinates', json_object('latitude', p.latitude, 'longitude', p.longitude))"""
_DEVICE = """json_object('deviceId', CASE WHEN managed THEN w.device_id ELSE '' END,
    'displayName', CASE WHEN managed THEN upper(p.host) ELSE '' END,
    'operatingSystem', CASE WHEN agent LIKE '%iPhone%' THEN 'Ios' ELSE 'Windows10' END,
    'browser', CASE WHEN agent LIKE '%Edg/%' THEN 'Edge 142.0.0' WHEN agent LIKE '%iPhone%'
    THEN 'Mobile Safari 19.1' ELSE 'Chrome 142.0.0' END, 'isCompliant', managed,
    'isManaged', managed, 'trustType', CASE WHEN managed THEN 'Hybrid Azure AD joined'
    ELSE '' END)"""
_STATUS = """json_object('errorCode', code::INTEGER, 'failureReason',
    CASE WHEN code = '0' THEN 'Other.' ELSE reason END, 'additionalDetails', CASE WHEN code = '0'
    THEN 'MFA requirement satisfied by claim in the token' ELSE '' END)"""
_POLICIES = """json_array(json_object('id', 'b7d4c2a1-6f0e-4a35-9c8e-0d52f7a91e64', 'displayName',
    'Require multifactor authentication', 'enforcedGrantControls', json_array('Mfa'), 'result',
    CASE WHEN code = '53003' THEN 'failure' WHEN p.multifactor THEN 'success'
    ELSE 'notApplied' END))"""

_GIVEN = {
    "code": _CODE,
    "reason": _REASON,
    "app": f"pick(i, 'app', {_APPS})",
    "agent": f"pick(i + p.number % 3, 'agent', {_AGENTS})",
    "office": _OFFICE,
    "managed": "r(i, 'managed') < 0.85",
}

_BOTH = {
    "OperationName": "'Sign-in activity'",
    "OperationVersion": "'1.0'",
    "ResultType": "code",
    "ResultSignature": "CASE WHEN code = '0' THEN 'SUCCESS' ELSE 'FAILURE' END",
    "ResultDescription": "reason",
    "CorrelationId": "guid(i, 'correlation')",
    "Identity": "p.name",
    "Level": "'4'",
    "Location": "p.country",
    "AppDisplayName": "app.name",
    "AppId": "app.id",
    "AuthenticationRequirement": (
        "CASE WHEN p.multifactor THEN 'multiFactorAuthentication' "
        "ELSE 'singleFactorAuthentication' END"
    ),
    "ConditionalAccessStatus": (
        "CASE WHEN code = '53003' THEN 'failure' WHEN p.multifactor THEN 'success' "
        "ELSE 'notApplied' END"
    ),
    "ConditionalAccessPolicies": _POLICIES,
    "CreatedDateTime": "t",
    "DeviceDetail": _DEVICE,
    "Id": "guid(i, 'id')",
    "IPAddress": "CASE WHEN office THEN p.egress ELSE p.home_ip END",
    "LocationDetails": _LOCATION,
    "NetworkLocationDetails": (
        'CASE WHEN office THEN \'[{"networkType":"trustedNamedLocation",'
        '"networkNames":["Northwind offices"]}]\' ELSE \'[]\' END'
    ),
    "OriginalRequestId": "guid(i, 'id')",
    "ResourceDisplayName": "app.name",
    "ResourceIdentity": "app.id",
    "ResourceTenantId": f"'{TENANT_ID}'",
    "HomeTenantId": f"'{TENANT_ID}'",
    "RiskDetail": "'none'",
    "RiskLevelAggregated": "'none'",
    "RiskLevelDuringSignIn": "'none'",
    "RiskState": "'none'",
    "Status": _STATUS,
    "TokenIssuerType": "'AzureAD'",
    "UniqueTokenIdentifier": "md5(i::VARCHAR)",
    "UserAgent": "agent",
    "UserDisplayName": "p.name",
    "UserId": "p.id",
    "UserPrincipalName": "p.upn",
    "UserType": "'Member'",
    "AutonomousSystemNumber": "CASE WHEN office THEN p.asn ELSE '64505' END",
    "CrossTenantAccessType": "'none'",
}

_AUDITS = """[
    {'op': 'Update user', 'service': 'Core Directory', 'category': 'UserManagement'},
    {'op': 'Update user', 'service': 'Core Directory', 'category': 'UserManagement'},
    {'op': 'Update device', 'service': 'Core Directory', 'category': 'Device'},
    {'op': 'Update device', 'service': 'Core Directory', 'category': 'Device'},
    {'op': 'Add member to group', 'service': 'Core Directory', 'category': 'GroupManagement'},
    {'op': 'Remove member from group', 'service': 'Core Directory', 'category': 'GroupManagement'},
    {'op': 'Reset user password', 'service': 'Core Directory', 'category': 'UserManagement'},
    {'op': 'Change user license', 'service': 'Core Directory', 'category': 'UserManagement'},
    {'op': 'Self-service password reset flow activity progress',
     'service': 'Self-service Password Management', 'category': 'UserManagement'},
    {'op': 'Update application', 'service': 'Core Directory',
     'category': 'ApplicationManagement'}]"""

_INSIGHTS = """json_object('FirstTimeUserConnectedFromCountry', 'False',
    'CountryUncommonlyConnectedFromByUser', 'False', 'CountryUncommonlyConnectedFromAmongPeers',
    'False', 'FirstTimeUserConnectedViaISP', CASE WHEN r(i, 'isp') < 0.04 THEN 'True' ELSE 'False'
    END, 'ISPUncommonlyUsedByUser', 'False', 'ActionUncommonlyPerformedByUser', 'False')"""

STREAMS = (
    Stream(
        "SigninLogs",
        {
            **_BOTH,
            "Category": "'SignInLogs'",
            "ClientAppUsed": (
                "CASE WHEN r(i, 'client') < 0.6 THEN 'Browser' "
                "ELSE 'Mobile Apps and Desktop clients' END"
            ),
            "AuthenticationDetails": (
                "json_array(json_object('authenticationStepDateTime', strftime(t, "
                "'%Y-%m-%dT%H:%M:%SZ'), 'authenticationMethod', CASE WHEN managed THEN "
                "'Previously satisfied' ELSE 'Password' END, 'succeeded', code = '0'))::VARCHAR"
            ),
            "IsInteractive": "true",
            "IsRisky": "false",
            "MfaDetail": "json_object('authMethod', 'Mobile app notification', 'authDetail', '')",
            "ProcessingTimeInMilliseconds": "(60 + n(i, 'ms', 700))::VARCHAR",
            "Resource": "'Microsoft.aadiam'",
            "ResourceGroup": "'Microsoft.aadiam'",
            "SignInIdentifier": "p.upn",
        },
        where="t <= p.at_work::TIMESTAMP",
        rows=13_500,
        people=True,
        given=_GIVEN,
        billed_bytes=(4200, 6800),
    ),
    Stream(
        "AADNonInteractiveUserSignInLogs",
        {
            **_BOTH,
            "Category": "'NonInteractiveUserSignInLogs'",
            "ClientAppUsed": "'Mobile Apps and Desktop clients'",
            "IsInteractive": "false",
            "ProcessingTimeInMs": "(20 + n(i, 'ms', 200))::VARCHAR",
            "SignInEventTypes": "'[\"nonInteractiveUser\"]'",
        },
        where="t <= p.by_token::TIMESTAMP",
        rows=34_000,
        people=True,
        given={**_GIVEN, "code": "CASE WHEN r(i, 'code') < 0.985 THEN '0' ELSE '50173' END"},
        billed_bytes=(3600, 5200),
    ),
    Stream(
        "AuditLogs",
        {
            "ActivityDateTime": "t",
            "ActivityDisplayName": "change.op",
            "OperationName": "change.op",
            "OperationVersion": "'1.0'",
            "AADOperationType": "split_part(change.op, ' ', 1)",
            "Category": "change.category",
            "CorrelationId": "guid(i, 'correlation')",
            "Id": "concat('Directory_', guid(i, 'id'))",
            "Identity": "actor.name",
            "InitiatedBy": (
                "json_object('user', json_object('id', actor.id, 'displayName', actor.name, "
                "'userPrincipalName', actor.upn, 'ipAddress', actor.egress, 'roles', json_array()))"
            ),
            "Level": "'4'",
            "LoggedByService": "change.service",
            "Resource": "'Microsoft.aadiam'",
            "ResourceGroup": "'Microsoft.aadiam'",
            "Result": "'success'",
            "TargetResources": (
                "CASE WHEN change.category = 'Device' THEN json_array(json_object('id', "
                "w.agent_id, 'displayName', upper(p.host), 'type', 'Device', 'modifiedProperties', "
                "json_array())) ELSE json_array(json_object('id', p.id, 'displayName', p.name, "
                "'type', 'User', 'userPrincipalName', p.upn, 'modifiedProperties', json_array())) "
                "END"
            ),
        },
        rows=3_200,
        people=True,
        given={
            "change": f"pick(i, 'audit', {_AUDITS})",
            "actor": (
                "CASE WHEN change.service LIKE 'Self%' OR change.category = 'Device' THEN p "
                "ELSE (SELECT q FROM person q WHERE q.sam = 'hana.kovacs') END"
            ),
        },
        billed_bytes=(1500, 3200),
    ),
    Stream(
        "IdentityInfo",
        {
            "AccountDisplayName": "p.name",
            "AccountDomain": "'northwind.example'",
            "AccountName": "p.sam",
            "AccountObjectId": "p.id",
            "AccountSID": "p.sid",
            "AccountTenantId": f"'{TENANT_ID}'",
            "AccountUPN": "p.upn",
            "AssignedRoles": "CASE WHEN p.role = '' THEN json_array() ELSE json_array(p.role) END",
            "BlastRadius": "CASE WHEN p.role = '' THEN 'Low' ELSE 'High' END",
            "City": "p.site",
            "CompanyName": "'Northwind Instruments'",
            "Country": "p.country",
            "Department": "p.department",
            "GivenName": "split_part(p.name, ' ', 1)",
            "Surname": "split_part(p.name, ' ', 2)",
            "GroupMembership": (
                "CASE WHEN t < p.joined::TIMESTAMP THEN p.groups_before ELSE p.groups END"
            ),
            "IsAccountEnabled": "true",
            "IsMFARegistered": "p.multifactor",
            "IsServiceAccount": "p.service",
            "JobTitle": "p.title",
            "MailAddress": "p.upn",
            "SAMAccountName": "p.sam",
            "Tags": "CASE WHEN p.role = '' THEN '[]' ELSE '[\"Sensitive\"]' END",
            "UserType": "'Member'",
            "UserAccountControl": "json_array('NormalAccount')",
        },
        source=(
            "(SELECT p.number * 14 + back AS i, {now} - INTERVAL (back) DAY - INTERVAL 3 HOUR "
            "AS t, p FROM person p, range(14) days(back))"
        ),
        billed_bytes=(900, 1300),
    ),
    Stream(
        "BehaviorAnalytics",
        {
            "ActivityType": "'LogOn'",
            "ActionType": "'Sign-in'",
            "ActivityInsights": _INSIGHTS,
            "UsersInsights": (
                "json_object('AccountDisplayName', p.name, 'AccountDomain', 'northwind.example', "
                "'BlastRadius', CASE WHEN p.role = '' THEN 'Low' ELSE 'High' END)"
            ),
            "DevicesInsights": (
                "json_object('Browser', 'Edge 142.0', 'IPAddressReputation', 'Good')"
            ),
            "EventSource": "'Azure AD'",
            "EventVendor": "'Microsoft'",
            "EventProductVersion": "'1.0'",
            "InvestigationPriority": "CASE WHEN r(i, 'priority') < 0.93 THEN 0 ELSE 1 END",
            "NativeTableName": "'SigninLogs'",
            "SourceIPAddress": "CASE WHEN office THEN p.egress ELSE p.home_ip END",
            "SourceIPLocation": "p.country",
            "SourceRecordId": "md5(i::VARCHAR)",
            "TimeProcessed": "t + INTERVAL 11 MINUTE",
            "UserName": "p.sam",
            "UserPrincipalName": "p.upn",
        },
        rows=2_600,
        people=True,
        given={"office": _OFFICE},
        billed_bytes=(1800, 2600),
    ),
)
