"""Tables of what machines do: endpoints, servers, the network."""

from __future__ import annotations

from collections.abc import Mapping

from sentinel_mcp.domains.entities.sources.model import Holding, Source, with_columns

_INITIATING: Mapping[Holding, str] = {
    "upn": "InitiatingProcessAccountUpn",
    "sam": "InitiatingProcessAccountName",
    "sid": "InitiatingProcessAccountSid",
    "object_id": "InitiatingProcessAccountObjectId",
    "host": "DeviceName",
    "md5": "InitiatingProcessMD5",
    "sha1": "InitiatingProcessSHA1",
    "sha256": "InitiatingProcessSHA256",
}
_ASIM_ACTOR: Mapping[Holding, str] = {
    "login": "ActorUsername",
    "sid": "ActorUserId",
    "object_id": "ActorUserId",
    "host": "DvcHostname",
}
_ASIM_FLOW: Mapping[Holding, str] = {
    "login": "SrcUsername DstUsername",
    "host": "SrcHostname DstHostname",
    "ip": "SrcIpAddr DstIpAddr",
}


_ENDPOINT = (
    Source(
        "DeviceLogonEvents", "endpoint",
        with_columns(_INITIATING, sam="AccountName", sid="AccountSid", ip="RemoteIP",
              host="RemoteDeviceName"),
        account="AccountName", host="DeviceName", ip="RemoteIP", action="ActionType",
        result="FailureReason", detail="LogonType",
    ),
    Source(
        "DeviceNetworkEvents", "endpoint",
        with_columns(_INITIATING, ip="RemoteIP LocalIP", url="RemoteUrl"),
        account="InitiatingProcessAccountName", host="DeviceName", ip="RemoteIP",
        action="ActionType", result="InitiatingProcessFileName", detail="RemoteUrl",
    ),
    Source(
        "DeviceFileEvents", "endpoint",
        with_columns(_INITIATING, sam="RequestAccountName", sid="RequestAccountSid", md5="MD5",
              sha1="SHA1", sha256="SHA256", ip="RequestSourceIP FileOriginIP",
              url="FileOriginUrl FileOriginReferrerUrl"),
        account="InitiatingProcessAccountName", host="DeviceName", ip="RequestSourceIP",
        action="ActionType", result="InitiatingProcessFileName", detail="FileName",
    ),
    Source(
        "DeviceRegistryEvents", "endpoint", _INITIATING,
        account="InitiatingProcessAccountName", host="DeviceName", action="ActionType",
        result="InitiatingProcessFileName", detail="RegistryKey",
    ),
    Source(
        "DeviceInfo", "endpoint", {"host": "DeviceName", "ip": "PublicIP", "text": "LoggedOnUsers"},
        host="DeviceName", ip="PublicIP", action="OnboardingStatus", detail="OSPlatform",
    ),
    Source(
        "DeviceNetworkInfo", "endpoint", {"host": "DeviceName", "ips": "IPAddresses"},
        host="DeviceName", action="NetworkAdapterStatus", detail="NetworkAdapterName",
    ),
)  # fmt: skip

_PROCESS = (
    Source(
        "DeviceProcessEvents", "process",
        with_columns(_INITIATING, upn="AccountUpn", sam="AccountName", sid="AccountSid",
              object_id="AccountObjectId", md5="MD5", sha1="SHA1", sha256="SHA256"),
        account="AccountName", host="DeviceName", action="ActionType", result="FileName",
        detail="ProcessCommandLine",
    ),
    Source(
        "DeviceEvents", "process",
        with_columns(_INITIATING, sam="AccountName", sid="AccountSid", md5="MD5", sha1="SHA1",
              sha256="SHA256", ip="RemoteIP LocalIP FileOriginIP", url="RemoteUrl FileOriginUrl",
              host="RemoteDeviceName"),
        account="InitiatingProcessAccountName", host="DeviceName", ip="RemoteIP",
        action="ActionType", result="InitiatingProcessFileName", detail="FileName",
    ),
    Source(
        "DeviceImageLoadEvents", "process",
        with_columns(_INITIATING, md5="MD5", sha1="SHA1", sha256="SHA256"),
        account="InitiatingProcessAccountName", host="DeviceName", action="ActionType",
        result="InitiatingProcessFileName", detail="FileName",
    ),
    Source(
        "DeviceFileCertificateInfo", "process", {"host": "DeviceName", "sha1": "SHA1"},
        host="DeviceName", action="Signer", detail="Issuer",
    ),
    Source(
        "ASimProcessEventLogs", "process",
        with_columns(_ASIM_ACTOR, login="TargetUsername", md5="TargetProcessMD5 ActingProcessMD5",
              sha1="TargetProcessSHA1 ActingProcessSHA1",
              sha256="TargetProcessSHA256 ActingProcessSHA256"),
        account="ActorUsername", host="DvcHostname", action="EventType", result="EventResult",
        detail="TargetProcessCommandLine",
    ),
    Source(
        "ASimFileEventLogs", "process",
        with_columns(_ASIM_ACTOR, ip="SrcIpAddr", md5="TargetFileMD5 SrcFileMD5",
              sha1="TargetFileSHA1 SrcFileSHA1", sha256="TargetFileSHA256 SrcFileSHA256",
              url="TargetUrl"),
        account="ActorUsername", host="DvcHostname", ip="SrcIpAddr", action="EventType",
        result="EventResult", detail="TargetFilePath",
    ),
    Source(
        "ASimRegistryEventLogs", "process", _ASIM_ACTOR,
        account="ActorUsername", host="DvcHostname", action="EventType", result="EventResult",
        detail="RegistryKey",
    ),
)  # fmt: skip

_SERVERS = (
    Source(
        "SecurityEvent", "servers",
        {
            "sam": "TargetUserName SubjectUserName AccountName",
            "login": "Account TargetAccount SubjectAccount",
            "sid": "TargetUserSid SubjectUserSid TargetSid MemberSid",
            "host": "Computer WorkstationName",
            "ip": "IpAddress ClientIPAddress",
            "hash": "FileHash",
        },
        account="Account", host="Computer", ip="IpAddress", action="Activity",
        result="LogonTypeName", detail="Process",
    ),
    Source(
        "WindowsEvent", "servers", {"host": "Computer", "text": "EventData"},
        host="Computer", action="EventID", result="EventLevelName", detail="Provider",
    ),
    Source(
        "Event", "servers",
        {"host": "Computer", "login": "UserName", "text": "RenderedDescription"},
        account="UserName", host="Computer", action="Source", result="EventLevelName",
        detail="RenderedDescription",
    ),
    Source(
        "Syslog", "servers",
        {"host": "Computer HostName", "ip": "HostIP", "text": "SyslogMessage"},
        host="Computer", ip="HostIP", action="ProcessName", result="SeverityLevel",
        detail="SyslogMessage",
    ),
    Source(
        "LinuxAuditLog", "servers", {"host": "Computer", "sam": "audit_user user effective_user",
                                     "ip": "addr"},
        account="audit_user", host="Computer", ip="addr", action="RecordType", result="result",
        detail="name",
    ),
    Source(
        "Heartbeat", "servers",
        {"host": "Computer", "ip": "ComputerIP", "ips": "ComputerPrivateIPs"},
        host="Computer", ip="ComputerIP", action="Category", detail="OSName",
    ),
    Source(
        "W3CIISLog", "servers", {"host": "Computer", "ip": "cIP sIP", "login": "csUserName"},
        account="csUserName", host="Computer", ip="cIP", action="csMethod", result="scStatus",
        detail="csUriStem",
    ),
)  # fmt: skip

_NETWORK = (
    Source(
        "CommonSecurityLog", "network",
        {
            "login": "SourceUserName DestinationUserName",
            "host": "SourceHostName DestinationHostName DeviceName",
            "ip": "SourceIP DestinationIP SourceTranslatedAddress DestinationTranslatedAddress",
            "url": "RequestURL",
            "domain": "DestinationHostName DestinationDnsDomain",
            "hash": "FileHash",
        },
        account="SourceUserName", host="SourceHostName", ip="SourceIP", action="Activity",
        result="DeviceAction", detail="DestinationIP",
    ),
    Source(
        "DnsEvents", "network",
        {"host": "Computer", "ip": "ClientIP", "ips": "IPAddresses", "domain": "Name"},
        host="Computer", ip="ClientIP", action="SubType", result="Result", detail="Name",
    ),
    Source(
        "ASimDnsActivityLogs", "network",
        {"login": "SrcUsername", "host": "SrcHostname", "ip": "SrcIpAddr",
         "ips": "DnsResponseName", "domain": "DnsQuery"},
        account="SrcUsername", host="SrcHostname", ip="SrcIpAddr", action="EventType",
        result="EventResultDetails", detail="DnsQuery",
    ),
    Source(
        "ASimNetworkSessionLogs", "network", with_columns(_ASIM_FLOW, domain="DstDomain"),
        account="SrcUsername", host="SrcHostname", ip="SrcIpAddr", action="DvcAction",
        result="EventResult", detail="DstIpAddr",
    ),
    Source(
        "ASimWebSessionLogs", "network",
        with_columns(_ASIM_FLOW, url="Url", domain="DstDomain HttpHost", md5="FileMD5",
                     sha1="FileSHA1", sha256="FileSHA256"),
        account="SrcUsername", host="SrcHostname", ip="SrcIpAddr", action="HttpRequestMethod",
        result="EventResultDetails", detail="Url",
    ),
    Source(
        "VMConnection", "network",
        {"host": "Computer", "ip": "SourceIp DestinationIp RemoteIp",
         "text": "RemoteDnsCanonicalNames"},
        host="Computer", ip="RemoteIp", action="Direction", result="ProcessName",
        detail="RemoteDnsCanonicalNames",
    ),
    Source(
        "AZFWNetworkRule", "network", {"ip": "SourceIp DestinationIp"},
        ip="SourceIp", action="Action", result="Protocol", detail="DestinationIp",
    ),
    Source(
        "AZFWApplicationRule", "network",
        {"ip": "SourceIp", "domain": "Fqdn", "url": "TargetUrl"},
        ip="SourceIp", action="Action", result="Protocol", detail="Fqdn",
    ),
    Source(
        "AZFWDnsQuery", "network", {"ip": "SourceIp", "domain": "QueryName"},
        ip="SourceIp", action="QueryType", result="ResponseCode", detail="QueryName",
    ),
    Source(
        "NetworkAccessTraffic", "network",
        {"upn": "UserPrincipalName", "object_id": "UserId", "ip": "SourceIp DestinationIp",
         "url": "DestinationUrl", "domain": "DestinationFqdn"},
        account="UserPrincipalName", ip="SourceIp", action="Action", result="TrafficType",
        detail="DestinationFqdn",
    ),
)  # fmt: skip

SOURCES = (*_ENDPOINT, *_PROCESS, *_SERVERS, *_NETWORK)
