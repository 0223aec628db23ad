"""Ordinary mail and work in Microsoft 365."""

from __future__ import annotations

from sentinel_mcp.local.identity import TENANT_ID
from sentinel_mcp.local.scenario.names import DOMAIN
from sentinel_mcp.local.scenario.noise.stream import Stream

_SENDERS = """[
    {'domain': 'harbourlogistics.example', 'name': 'Harbour Logistics', 'ip': '198.51.100.140'},
    {'domain': 'steelworks.example', 'name': 'Steelworks Supply', 'ip': '198.51.100.141'},
    {'domain': 'newsletter.trade.example', 'name': 'Trade Weekly', 'ip': '192.0.2.195'},
    {'domain': 'bank.example', 'name': 'Baltic Bank', 'ip': '198.51.100.142'},
    {'domain': 'airline.example', 'name': 'Booking desk', 'ip': '192.0.2.196'},
    {'domain': 'offers.bulk.example', 'name': 'Great Offers', 'ip': '192.0.2.199'}]"""

_SUBJECTS = """['Delivery schedule', 'Invoice 20{0}', 'RE: drawing revision', 'Weekly report',
    'Meeting notes', 'Your booking', 'Price list', 'RE: purchase order', 'Factory visit']"""

_INTERNAL = "r(i, 'inside') < 0.45"

_OPERATIONS = """[
    {'op': 'MailItemsAccessed', 'load': 'Exchange', 'type': 'ExchangeItemAggregated'},
    {'op': 'MailItemsAccessed', 'load': 'Exchange', 'type': 'ExchangeItemAggregated'},
    {'op': 'Send', 'load': 'Exchange', 'type': 'ExchangeItem'},
    {'op': 'FileAccessed', 'load': 'SharePoint', 'type': 'SharePointFileOperation'},
    {'op': 'FileModified', 'load': 'SharePoint', 'type': 'SharePointFileOperation'},
    {'op': 'FileDownloaded', 'load': 'OneDrive', 'type': 'SharePointFileOperation'},
    {'op': 'FileUploaded', 'load': 'OneDrive', 'type': 'SharePointFileOperation'},
    {'op': 'MessageSent', 'load': 'MicrosoftTeams', 'type': 'MicrosoftTeams'}]"""

_FILES = """['Plan.xlsx', 'Drawing-118.pdf', 'Minutes.docx', 'Forecast.xlsx', 'Safety.pptx']"""

_SENDER = "CASE WHEN inside THEN colleague.upn ELSE 'info@' || firm.domain END"
_PASSED = '{"SPF":"pass","DKIM":"pass","DMARC":"pass","CompAuth":"pass"}'
_ATTACHED = "['invoice.pdf', 'order.xlsx', 'drawing.pdf', 'terms.docx']"

STREAMS = (
    Stream(
        "EmailEvents",
        {
            "NetworkMessageId": "guid(i, 'message')",
            "InternetMessageId": "'<' || guid(i, 'message') || '@mail.example>'",
            "ReportId": "guid(i, 'message') || '-1'",
            "RecipientEmailAddress": "p.upn",
            "RecipientObjectId": "p.id",
            "SenderFromAddress": _SENDER,
            "SenderMailFromAddress": _SENDER,
            "SenderFromDomain": f"CASE WHEN inside THEN '{DOMAIN}' ELSE firm.domain END",
            "SenderMailFromDomain": f"CASE WHEN inside THEN '{DOMAIN}' ELSE firm.domain END",
            "SenderDisplayName": "CASE WHEN inside THEN colleague.name ELSE firm.name END",
            "SenderObjectId": "CASE WHEN inside THEN colleague.id ELSE '' END",
            "SenderIPv4": "CASE WHEN inside THEN '' ELSE firm.ip END",
            "Subject": f"replace(pick(i, 'subject', {_SUBJECTS}), '{{0}}', (10 + n(i, 'invoice', 90))::VARCHAR)",  # noqa: E501 - one expression
            "EmailDirection": "CASE WHEN inside THEN 'Intra-org' ELSE 'Inbound' END",
            "DeliveryAction": "CASE WHEN spam THEN 'Junked' ELSE 'Delivered' END",
            "DeliveryLocation": "CASE WHEN spam THEN 'Junk folder' ELSE 'Inbox/folder' END",
            "LatestDeliveryAction": "CASE WHEN spam THEN 'Junked' ELSE 'Delivered' END",
            "LatestDeliveryLocation": "CASE WHEN spam THEN 'Junk folder' ELSE 'Inbox/folder' END",
            "ThreatTypes": "CASE WHEN spam THEN 'Spam' ELSE '' END",
            "DetectionMethods": "CASE WHEN spam THEN '{\"Spam\":[\"Bulk\"]}' ELSE '' END",
            "ConfidenceLevel": "CASE WHEN spam THEN '{\"Spam\":\"Normal\"}' ELSE '' END",
            "BulkComplaintLevel": "CASE WHEN spam THEN 7 ELSE 0 END",
            "AuthenticationDetails": f"'{_PASSED}'",
            "EmailLanguage": "'en'",
            "EmailClusterId": "(h(i % 900, 'cluster') >> 12)::BIGINT",
            "UrlCount": "CASE WHEN r(i, 'urls') < 0.55 THEN 1 + n(i, 'urlcount', 2) ELSE 0 END",
            "AttachmentCount": "CASE WHEN r(i, 'attached') < 0.22 THEN 1 ELSE 0 END",
        },
        rows=12_000,
        people=True,
        given={
            "inside": _INTERNAL,
            "firm": f"pick(i, 'sender', {_SENDERS})",
            "spam": "NOT inside AND firm.domain = 'offers.bulk.example'",
            "colleague": "(SELECT q FROM person q WHERE q.number = n(i, 'colleague', 116))",
        },
        billed_bytes=(1600, 2600),
    ),
    Stream(
        "EmailUrlInfo",
        {
            "NetworkMessageId": "message",
            "ReportId": "message || '-1'",
            "Url": "'https://www.' || site || '/' || pick(i, 'page', ['news', 'track', 'order', 'view']) || '/' || n(i, 'item', 5000)::VARCHAR",  # noqa: E501 - one expression
            "UrlDomain": "'www.' || site",
            "UrlLocation": "'Body'",
        },
        source=(
            "(SELECT row_number() OVER (ORDER BY TimeGenerated, NetworkMessageId) AS i, "
            "TimeGenerated AS t, NetworkMessageId AS message, SenderFromDomain AS site "
            "FROM EmailEvents, range(UrlCount))"
        ),
        billed_bytes=(400, 700),
    ),
    Stream(
        "EmailAttachmentInfo",
        {
            "NetworkMessageId": "message",
            "ReportId": "message || '-1'",
            "FileName": "file",
            "FileType": "split_part(file, '.', -1)",
            "FileSize": "20000 + n(i, 'size', 2000000)",
            "RecipientEmailAddress": "recipient",
            "SenderFromAddress": "sender",
            "SHA256": "sha256(concat(file, message))",
        },
        source=(
            "(SELECT row_number() OVER (ORDER BY TimeGenerated, NetworkMessageId) AS i, "
            "TimeGenerated AS t, NetworkMessageId AS message, RecipientEmailAddress AS recipient, "
            "SenderFromAddress AS sender FROM EmailEvents WHERE AttachmentCount > 0)"
        ),
        given={"file": f"pick(i, 'file', {_ATTACHED})"},
        billed_bytes=(500, 800),
    ),
    Stream(
        "UrlClickEvents",
        {
            "ActionType": "'ClickAllowed'",
            "AccountUpn": "recipient",
            "IPAddress": "(SELECT q.home_ip FROM person q WHERE q.upn = recipient)",
            "IsClickedThrough": "false",
            "NetworkMessageId": "message",
            "ReportId": "guid(i, 'report')",
            "Url": "url",
            "UrlChain": "json_array(url)::VARCHAR",
            "Workload": "'Email'",
        },
        source=(
            "(SELECT row_number() OVER (ORDER BY u.TimeGenerated, u.Url) AS i, "
            "u.TimeGenerated + to_seconds(90 + (hash(u.Url, u.NetworkMessageId) % 5400)::INTEGER) "
            "AS t, u.NetworkMessageId AS message, u.Url AS url, "
            "e.RecipientEmailAddress AS recipient "
            "FROM EmailUrlInfo u JOIN EmailEvents e USING (NetworkMessageId) "
            "WHERE e.DeliveryAction = 'Delivered' "
            "AND hash(u.NetworkMessageId, u.Url, {seed}) % 4 = 0)"
        ),
        billed_bytes=(600, 900),
    ),
    Stream(
        "OfficeActivity",
        {
            "Operation": "o.op",
            "OfficeWorkload": "o.load",
            "RecordType": "o.type",
            "OfficeId": "guid(i, 'office')",
            "OrganizationId": f"'{TENANT_ID}'",
            "UserId": "p.upn",
            "UserKey": "p.id",
            "UserType": "'Regular'",
            "ResultStatus": "'Succeeded'",
            "ClientIP": "CASE WHEN office THEN p.egress ELSE p.home_ip END",
            "Client_IPAddress": "CASE WHEN office THEN p.egress ELSE p.home_ip END",
            "MailboxOwnerUPN": "CASE WHEN o.load = 'Exchange' THEN p.upn ELSE '' END",
            "MailboxGuid": "CASE WHEN o.load = 'Exchange' THEN p.id ELSE '' END",
            "ClientInfoString": "CASE WHEN o.load = 'Exchange' THEN 'Client=Outlook;' ELSE '' END",
            "Logon_Type": "CASE WHEN o.load = 'Exchange' THEN 'Owner' ELSE '' END",
            "SourceFileName": "CASE WHEN o.type = 'SharePointFileOperation' THEN file ELSE '' END",
            "SourceFileExtension": "CASE WHEN o.type = 'SharePointFileOperation' THEN split_part(file, '.', -1) ELSE '' END",  # noqa: E501 - one expression
            "SourceRelativeUrl": "CASE WHEN o.type = 'SharePointFileOperation' THEN 'Shared Documents' ELSE '' END",  # noqa: E501 - one expression
            "Site_Url": f"CASE WHEN o.type = 'SharePointFileOperation' THEN 'https://sharepoint.{DOMAIN}/sites/' || lower(replace(p.department, ' ', '')) ELSE '' END",  # noqa: E501 - one expression
            "OfficeObjectId": f"CASE WHEN o.type = 'SharePointFileOperation' THEN 'https://sharepoint.{DOMAIN}/sites/' || lower(replace(p.department, ' ', '')) || '/' || file ELSE '' END",  # noqa: E501 - one expression
            "Start_Time": "t",
            "UserAgent": "CASE WHEN o.load = 'Exchange' THEN '' ELSE 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Edg/142.0.0.0' END",  # noqa: E501 - one expression
        },
        rows=21_000,
        people=True,
        given={
            "o": f"pick(i, 'operation', {_OPERATIONS})",
            "file": f"pick(i, 'file', {_FILES})",
            "office": (
                "r(i, 'office') < 0.7 AND dayofweek(t) BETWEEN 1 AND 5 AND hour(t) BETWEEN 7 AND 18"
            ),
        },
        billed_bytes=(1400, 2400),
    ),
)
