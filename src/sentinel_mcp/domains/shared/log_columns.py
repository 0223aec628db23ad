"""What the columns of log tables hold: an address, account, host, URL, domain, hash, mail, file.

Microsoft names columns by what they hold, in all tables and in the ones that a workspace adds. So
this is read off the name, by rules for the whole catalogue, and not kept by table: a table that
nobody here has heard of is understood like the others. Where a name says nothing (`Caller`) or
something else (`UserAgent`), it is written down here.

Which columns are searched for a value does not depend on it: those are all of a table's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Literal, get_args

Role = Literal["ip", "host", "account", "mailbox", "url", "domain", "file_hash", "file"]

ROLES: tuple[Role, ...] = get_args(Role)

_END = r"(?:\d|_[sgd]|_Hidden|_string)?$"

EXCLUDED: tuple[tuple[str, str], ...] = (
    (
        r"(?:Type|Types|Kind|Category|Class|Mode|Format|Encoding|Language|Direction|Action|Policy"
        r"|PolicyGuid|Status|State|Level|Level\w*In|Privileges?|Permission|Flags?|Legend|Reason"
        r"|SubCode|Result|Severity|Levels?|Compliance\w*|Usage|Ownership|Role|Properties|Prefix"
        r"|Prefixes|Tags?|Parameters|Information|Details|Detail|Entries|Claims|Inventory|Info"
        r"|Insights|Factors|Vendor|Product|Company|Manufacturer|Facility|Family|FormFactor|Model"
        r"|Channel|Interface|Component\w*|Subtype|Bucket|Environment|Quota|Change\w*|Changed"
        r"|Legend|Header|Pool\w*|Profile|Label|Attributes|Control|Changes|Ver|Args"
        r"|Stack\w*)" + _END,
        "says something about the thing: its type, state, vendor or a list of further facts",
    ),
    (
        r"(?:Version|OS\w*|OperatingSystem\w*|Size\w*|Count|Time|TimeZone|Date\d?|Port|Protocol"
        r"|Protocols|Bytes|Number\w*|FloatingPoint\w*|Expires|Lifetime|Salt|Offset|Length)" + _END,
        "holds a number, a version or a time",
    ),
    (
        r"(?:Country|City|Region|Latitude|Longitude|Location|GeoLocation|Datacenter|Asn|Carrier"
        r"|StreetAddress|OfficeLocation)" + _END,
        "says where the thing is",
    ),
    (r"Mac(?:Addr(?:ess(?:es)?)?)" + _END + r"|MACAddr\w*$|PhysAddress$", "holds MAC addresses"),
    (
        r"^(?:User|csUser)Agent\w*$|UserAgent\w*$|^(?:Sender)?XMailer$|^EmailXMailer$",
        "names a program",
    ),
    (
        r"(?:Description|Subject|Message|Title|String\d?|Comment\w*|Remediation\w*|Error"
        r"|Instructions?|Query|Query_s|Reputation)" + _END,
        "is free text",
    ),
    (
        r"(?:Subscription(?:Id|Name|_Id)?|ResourceGroup(?:Name|_s)?|ResourceId\w*|ResId|Group"
        r"|GroupName|GroupNames|Groups?|Membership\w*|Roles?)" + _END,
        "names a subscription, a resource, a group or a role",
    ),
    (
        r"(?:Tenant(?:Id)?|ContextId|ClientId|AppId|ApplicationId|CorrelationId|SessionId"
        r"|SessionGuid|SessionIdentifier|LogonId|LogonGuid|Scope|ScopeId|RequestId|AccessKeyId"
        r"|KeyId|ProcessId|ParentId|InstanceId|ExternalID|PayloadId|DraftId|PipelineId|RunId"
        r"|PolicyId|ProfileId|PoolId|TraceId|EventId|FileId|FileID|MessageId|NativeId|UUID|Guid"
        r"|GUID|ClassID|ClassId|OperationId|ListId|SmbFileId|UpdateId|AlertId|ActivityId)" + _END,
        "identifies something else than an account, a host or a file",
    ),
    (
        r"(?:Fault|Update|Upgrade|Billing|Search|Time)Domains?$|DomainBehaviorVersion|^MixedDomain"
        r"|DomainPolicy|DomainListId",
        "is no domain of the DNS",
    ),
    (
        r"^(?:App|AppFile|Activity|AttributeLDAP|Category|License|Recommendation|Resource|Scope"
        r"|Svc|Update)DisplayName$|^(?:FlowLog)?StorageAccount(?:Name)?$|^PurviewAccountName$",
        "names an app, a resource or an activity, not a person",
    ),
    (
        r"(?:Hash|hash|Checksum|CUID)$(?<=QueryHash)|query_(?:plan_)?hash|^AuthenticationHash$"
        r"|^CertificateDatabaseHash$|PublicKeyHash$|ETag$|Salt$|PlanHash$|^HashedUserId$",
        "is a hash of something else than a file",
    ),
    (
        r"^(?:SrcFile|TargetFile|Source|Destination|File)Extension$|FileMode|MimeType$|FileOwner"
        r"|FilePacker|ContentType$|FilesRead$|FilesWritten$|Mutex\w*$|^filetype$|FilePermission",
        "says something about a file",
    ),
    (r"(?:^|[a-z])(?:Max|Min|Num|Is|Has|Percent)[A-Z]\w*$|^(?:Is|Has)[A-Z]|^New\w*Users$|^Old\w*Users$",
     "is a flag or an amount"),
    (
        r"^DeviceCustom(?!IPv6Address\d$)|Address(?:Space|Range|Type|Family)|^Ip(?:Range|Subnet)"
        r"|Subnets?$|SubnetMasks$|Gateways$|NextHops$|DhcpUser\w*|InjectedAddress$|Dhcp$",
        "is an option of a network or a field that the sender names itself",
    ),
    (
        r"^(?:ISP|Isp|CountryCode|TargetAppName|ActingAppName|FileContentChecksum|ThreatNames"
        r"|PreviousFileContentChecksum|ClientIdentitySource|Operation|Activity|UserSession|Rule"
        r"|RuleCollection|identity_claim_appid_g|macAddress_s|SidFilteringEnabled|ActorCUID"
        r"|\w*SmtpStatusCode|PktDstAwsService|PktSrcAwsService|ResourceTokenUserRid|RequestMethod"
        r"|GroupSourceName|DetectionMethods|\w*UserStoreDatabase|ExchangeMailboxDatabase"
        r"|CategoryName|RequestTarget|IdentityProvider|CallerIdentityIssuer|Network|MachineLogon"
        r"|SearchKey|DestinationWebCategories|DestinationFileExtension|SourceFileExtension|DestMailboxId"
        r"|VirtualMachineHypervisorId|SessionID|SessionHostAzureVmId|EmailClusterId"
        r"|AuthenticationProvider|AzureCloudService(?:Role)?Name|GCPResourceName|Fqbn|Gid|Data"
        r"|ServiceData|DnsForwardingRulesetId|DnsQuery(?:Class|Type)Name|DnsSecSigned|ServerCallId"
        r"|ServerFarm|ServerInstanceName|ServerRouted|MetricNamespace|ScavengeServers|BackupManagementServerUniqueId)$",
        "is about one of these, and holds another thing: an operation, an app, a rule, a provider",
    ),
)  # fmt: skip
"""Columns that sound like one of these and hold something else: a pattern of the name, and why."""

_NAMED: Mapping[str, Role] = {
    "addr": "ip",
    "user": "account",
    "audit_user": "account",
    "effective_user": "account",
    "UserId": "account",
    "UserKey": "account",
    "Machine": "host",
    "Host": "host",
    "host_s": "host",
    "csHost": "host",
    "CsHost": "host",
    "Device": "host",
    "VirtualMachine": "host",
    "Process": "file",
    "NewProcessName": "file",
    "ParentProcessName": "file",
    "CallerProcessName": "file",
    "ProcessName": "file",
    "ActingProcessName": "file",
    "TargetProcessName": "file",
    "ParentProcess": "file",
    "Name": "domain",
    "DnsQuery": "domain",
    "DnsResponseName": "ip",
    "OfficeObjectId": "url",
    "Node": "host",
    "Dvc": "host",
    "RoleInstance": "host",
    "SourceComputerId": "host",
    "VirtualMachineNativeName": "host",
    "AlternateSignInName": "account",
    "SignInIdentifier": "account",
    "AADTarget": "account",
    "MemberName": "account",
    "SubmittedBy": "account",
    "UpdatedBy": "account",
    "ForestRootSid": "account",
    "TargetUserOrGroupName": "account",
    "RequestSource": "account",
    "Uid": "account",
    "ClientName": "host",
    "ClusterDnsName": "host",
    "NameServers": "host",
    "ClientProvidedHostHeader": "host",
    "DCDNSName": "host",
    "DeviceObjectId": "host",
    "SubjectMachineSID": "host",
    "UserWorkstations": "host",
    "DnsName": "domain",
    "DnsNames": "domain",
    "DNSZone": "domain",
    "DstDomainHostname": "domain",
    "RemoteDnsQuestions": "domain",
    "UrlHostname": "domain",
    "PublicIpDetails": "ip",
    "OriginalRequestUriWithArgs": "url",
    "AlertLink": "url",
    "IngestionSourcePath": "url",
    "Origin": "url",
    "ClientProcessName": "file",
    "DestinationProcessName": "file",
    "ExecutablePath": "file",
    "FilePathNoUser": "file",
    "FullPath": "file",
    "InitiatingProcessName": "file",
    "SourceProcessName": "file",
    "SrcProcessName": "file",
    "SvcPath": "file",
    "SvcPreviousPath": "file",
    "SidHistory": "account",
    "SidList": "account",
    "ResolvedBy": "account",
    "EC2RoleDelivery": "account",
    "database_principal_name_s": "account",
    "server_principal_sid_s": "account",
    "GivenName": "account",
    "Surname": "account",
    "identity_claim_ipaddr_s": "ip",
    "Endpoint": "ip",
    "NASIPv4Address": "ip",
    "NASIPv6Address": "ip",
    "TargetVMIPAddress": "ip",
    "Receivers": "mailbox",
    "RemoteDnsCanonicalNames": "domain",
    "HelpLink": "url",
    "RecommendationLink": "url",
}
"""Columns that the rules cannot tell. `Name` counts in tables of the DNS only."""

_DNS_TABLES = frozenset({"DnsEvents", "DnsAuditEvents", "DNSQueryLogs", "AZFWDnsQuery"})

_PATTERNS: tuple[tuple[Role, str], ...] = (
    (
        "file_hash",
        r"(?:MD5|Md5|SHA1|Sha1|SHA256|Sha256|SHA512|Sha512|IMPHASH|FileHash(?:Value)?|FileHash_s"
        r"|(?:Lexer|Issuer|Signer)?Hash|Hashes|LsHash|Thumbprint)" + _END,
    ),
    (
        "ip",
        r"(?:^|[a-z0-9_])(?:IP|Ip|ip)(?:[vV][46])?(?:_?Addr(?:ess(?:es)?)?|_?address|s)?"
        r"(?:FromResourceProvider)?"
        + _END
        + r"|^(?:IP|Ip)(?:[vV][46])?(?:Addr(?:ess(?:es)?)?|s)?"
        + _END
        + r"|^(?:c|s)IP$|^CIp$|CidrIp$"
        r"|(?:Client|Source|Destination|Device|Translated|Listen|Hop|Vip|Remote|Peer|User|Src|Dst"
        r"|PktSrc|PktDst|Upstream|SipProxy|Dns)Addr(?:ess(?:es)?)?"
        + _END
        + r"|^Addresse?s?$|IPv6Address\d$",
    ),
    (
        "mailbox",
        r"(?:Mail|Email|EmailAddress|MailAddress|MailAddresses|Smtp|SenderAddress|FromAddress"
        r"|RecipientEmailAddress|RecipientAddress|Recipients?|^Sender|MailboxOwnerUPN|EmailRecipient"
        r"|PrincipalEmail|AADEmail)" + _END,
    ),
    (
        "url",
        r"(?:Url|URL|Uri|URI|URLs|Urls|UrlChain|UriStem|UriQuery|UrlOriginal|UrlConfigured|_Url"
        r"|URLBase|requestUri|CrlDistributionPointUrls)" + _END + r"|URL\w*Configured$",
    ),
    (
        "account",
        r"(?:UserPrincipalName|PrincipalName|Upn|UPN|UserName|Username|User|UserID|UserId"
        r"|Account|AccountName|AccountId|AccountID|AccountObjectId|ObjectId|Sid|SID|DisplayName"
        r"|Caller|Caller_s|callerId_s|Actor|ActorName|ActorId|Identity|IdentityArn|Arn|Principal"
        r"|PrincipalId|Principalid|ServicePrincipal|InitiatedBy|LoggedOnUsers"
        r"|UserAadId|UserUid|UserIdA|UserIdB|AuthenticatedId|Owner|CreatedBy|ModifiedBy|UserSharedWith"
        r"|UserDisplayName|IdentityInvokedBy|ServicePrincipalName|ServicePrincipalNames"
        r"|UserObjectId|RelatedAccounts|SAMAccountName|SamAccountName|UserAccountId"
        r"|ServicePrincipals|Identities|CallerIdentity|IdentityData|SenderName|ParticipantName"
        r"|RecipientId|FirstName|LastName)" + _END,
    ),
    (
        "host",
        r"(?:Computer|ComputerName|ComputerID|DeviceName|DeviceId|DeviceID|Device|HostName|Hostname"
        r"|hostname|hostname_s|DeviceIds|MachineName|MachineId|MachineID|VMHost"
        r"|Workstation|WorkstationName|Workstations|DvcHostname|Host|HostId"
        r"|ServerName|Server|NodeHost|HttpHost|AgentName|DomainController|ManagerHost)" + _END,
    ),
    (
        "domain",
        r"(?:Domain|DomainName|Fqdn|FQDN|QueryName|DnsQuery|DnsDomain|UrlDomain|NTDomain|Domains"
        r"|SourceDomain|AccountDomain|DomainType_)" + _END,
    ),
    (
        "file",
        r"(?:FileName|Filename|File|FilePath|ImagePath|FileSystemPath|FolderPath|ProcessFilename"
        r"|OriginalName|ScriptPath|FileDirectory|ProfilePath|LocalPath|ThreatFilePath|InternalName"
        r"|InfectedFiles|AttachmentName|ImageName)" + _END,
    ),
)
_RULES: list[tuple[Role, re.Pattern[str]]] = [
    (role, re.compile(pattern)) for role, pattern in _PATTERNS
]
_EXCLUDED_PATTERNS = tuple((re.compile(pattern), reason) for pattern, reason in EXCLUDED)


@cache
def role_of(table: str, column: str) -> Role | None:
    """Return what a column holds; None where it is none of these, or its name does not tell."""
    if column == "Name":
        return "domain" if table in _DNS_TABLES else None
    if named := _NAMED.get(column):
        return named
    if why_excluded(column):
        return None
    return next((role for role, pattern in _RULES if pattern.search(column)), None)


@cache
def why_excluded(column: str) -> str | None:
    """Return why a column that sounds like an entity's holds none; None where nothing is said."""
    if column in _NAMED:
        return None
    return next((reason for pattern, reason in _EXCLUDED_PATTERNS if pattern.search(column)), None)


def columns_of(table: str, columns: Iterable[str], *roles: Role) -> list[str]:
    """Return the columns of a table that hold one of the roles, in the order of the table."""
    return [each for each in columns if role_of(table, each) in roles]
