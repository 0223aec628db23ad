"""Ordinary traffic: firewall, name resolution and Linux machines."""

from __future__ import annotations

from sentinel_mcp.local.scenario.noise.stream import Stream

_ALL = ("workstation", "files", "database", "server")

_TARGETS = """[
    {'ip': '198.51.100.101', 'port': 443, 'app': 'office365-enterprise-access'},
    {'ip': '198.51.100.102', 'port': 443, 'app': 'ms-teams'},
    {'ip': '198.51.100.103', 'port': 443, 'app': 'sharepoint-online'},
    {'ip': '198.51.100.104', 'port': 443, 'app': 'ms-identity'},
    {'ip': '198.51.100.120', 'port': 443, 'app': 'ms-update'},
    {'ip': '192.0.2.180', 'port': 443, 'app': 'web-browsing'},
    {'ip': '192.0.2.190', 'port': 443, 'app': 'ssl'},
    {'ip': '192.0.2.53', 'port': 53, 'app': 'dns'},
    {'ip': '192.0.2.123', 'port': 123, 'app': 'ntp'}]"""

_DOMAINS = """['outlook.office.example', 'teams.office.example', 'sharepoint.office.example',
    'login.identity.example', 'update.vendor.example', 'cdn.news.example', 'maps.travel.example',
    'nw-fs-01.corp.northwind.example', 'nw-dc-01.corp.northwind.example',
    'nw-erp-01.corp.northwind.example', 'time.vendor.example', 'telemetry.vendor.example']"""

_DAEMONS = """[
    {'facility': 'cron', 'process': 'CRON', 'level': 'info', 'text': '(root) CMD (run-parts /etc/cron.hourly)'},
    {'facility': 'daemon', 'process': 'systemd', 'level': 'info', 'text': 'Started Daily apt download activities.'},
    {'facility': 'daemon', 'process': 'systemd', 'level': 'info', 'text': 'logrotate.service: Succeeded.'},
    {'facility': 'auth', 'process': 'sshd', 'level': 'info', 'text': 'Accepted publickey for deploy from 10.10.0.19 port {0} ssh2'},
    {'facility': 'auth', 'process': 'sshd', 'level': 'info', 'text': 'pam_unix(sshd:session): session closed for user deploy'},
    {'facility': 'authpriv', 'process': 'sudo', 'level': 'notice', 'text': 'deploy : TTY=pts/0 ; PWD=/srv/app ; USER=root ; COMMAND=/usr/bin/systemctl reload nginx'},
    {'facility': 'kern', 'process': 'kernel', 'level': 'warning', 'text': '[UFW BLOCK] IN=eth0 OUT= SRC=192.0.2.{1} DST=10.12.0.37 PROTO=TCP DPT=23'}]"""  # noqa: E501 - as syslog writes it

STREAMS = (
    Stream(
        "CommonSecurityLog",
        {
            "DeviceVendor": "'Palo Alto Networks'",
            "DeviceProduct": "'PAN-OS'",
            "DeviceVersion": "'11.1.4'",
            "DeviceEventClassID": "'end'",
            "Activity": "'TRAFFIC'",
            "LogSeverity": "'1'",
            "DeviceAction": "CASE WHEN denied THEN 'deny' ELSE 'allow' END",
            "SimplifiedDeviceAction": "CASE WHEN denied THEN 'Deny' ELSE 'Allow' END",
            "DeviceName": "'nw-pan-01'",
            "Computer": "'nw-fwd-01'",
            "CollectorHostName": "'nw-fwd-01'",
            "DeviceInboundInterface": "'ethernet1/2'",
            "DeviceOutboundInterface": "'ethernet1/1'",
            "DeviceExternalID": "'012801000419'",
            "SourceIP": "m.ip",
            "SourcePort": "49152 + n(i, 'port', 16000)",
            "SourceTranslatedAddress": "'198.51.100.20'",
            "DestinationIP": "d.ip",
            "DestinationPort": "d.port",
            "ApplicationProtocol": "d.app",
            "Protocol": "CASE WHEN d.port IN (53, 123) THEN 'udp' ELSE 'tcp' END",
            "SentBytes": "CASE WHEN denied THEN 74 ELSE 400 + n(i, 'sent', 180000) END",
            "ReceivedBytes": "CASE WHEN denied THEN 0 ELSE 900 + n(i, 'received', 900000) END",
            "EventCount": "1",
            "DeviceCustomString1": "CASE WHEN denied THEN 'default-deny' ELSE 'allow-web' END",
            "DeviceCustomString1Label": "'Rule'",
            "DeviceCustomString4": "'trust'",
            "DeviceCustomString4Label": "'Source Zone'",
            "DeviceCustomString5": "'untrust'",
            "DeviceCustomString5Label": "'Destination Zone'",
        },
        name="traffic",
        rows=38_000,
        machines=_ALL,
        given={"d": f"pick(i, 'target', {_TARGETS})", "denied": "r(i, 'denied') < 0.04"},
        billed_bytes=(900, 1500),
    ),
    Stream(
        "CommonSecurityLog",
        {
            "DeviceVendor": "'Palo Alto Networks'",
            "DeviceProduct": "'PAN-OS'",
            "DeviceVersion": "'11.1.4'",
            "DeviceEventClassID": "'globalprotect'",
            "Activity": "'GLOBALPROTECT'",
            "LogSeverity": "'3'",
            "DeviceAction": "'gateway-auth'",
            "DeviceName": "'nw-pan-01'",
            "Computer": "'nw-fwd-01'",
            "CollectorHostName": "'nw-fwd-01'",
            "SourceIP": "p.home_ip",
            "SourceUserName": "'NORTHWIND\\' || p.sam",
            "SourceHostName": "upper(p.host)",
            "EventOutcome": "CASE WHEN r(i, 'failed') < 0.04 THEN 'failure' ELSE 'success' END",
            "Message": "'GlobalProtect gateway user authentication'",
            "SourceTranslatedAddress": "'10.30.0.' || (80 + p.number % 150)::VARCHAR",
        },
        name="vpn",
        rows=2_400,
        rhythm="evening",
        people=True,
        billed_bytes=(800, 1200),
    ),
    Stream(
        "DnsEvents",
        {
            "Computer": "CASE WHEN n(i, 'server', 2) = 0 THEN 'nw-dc-01.corp.northwind.example' ELSE 'nw-dc-02.corp.northwind.example' END",  # noqa: E501 - one expression
            "ClientIP": "m.ip",
            "EventId": "256",
            "IPAddresses": "CASE WHEN missing THEN '' ELSE '198.51.100.' || (100 + n(i, 'answer', 50))::VARCHAR END",  # noqa: E501 - one expression
            "Name": f"pick(i, 'name', {_DOMAINS})",
            "QueryType": "pick(i, 'type', ['A', 'A', 'A', 'AAAA', 'PTR', 'SRV'])",
            "Result": "CASE WHEN missing THEN 'NXDOMAIN' ELSE 'Success' END",
            "ResultCode": "CASE WHEN missing THEN 3 ELSE 0 END",
            "SubType": "'LookupQuery'",
            "TaskCategory": "'QUERY_RECEIVED'",
        },
        rows=30_000,
        machines=_ALL,
        given={"missing": "r(i, 'missing') < 0.02"},
        billed_bytes=(350, 600),
    ),
    Stream(
        "Syslog",
        {
            "Computer": "m.name",
            "HostName": "m.name",
            "HostIP": "m.ip",
            "CollectorHostName": "'nw-fwd-01'",
            "EventTime": "t",
            "Facility": "d.facility",
            "SeverityLevel": "d.level",
            "ProcessName": "d.process",
            "ProcessID": "400 + n(i, 'pid', 30000)",
            "SyslogMessage": "replace(replace(d.text, '{0}', (40000 + n(i, 'port', 20000))::VARCHAR), '{1}', (200 + n(i, 'scanner', 50))::VARCHAR)",  # noqa: E501 - one expression
            "_ResourceId": "m.resource_id",
        },
        rows=14_000,
        rhythm="servers",
        machines=("linux",),
        given={"d": f"pick(i, 'daemon', {_DAEMONS})"},
        billed_bytes=(300, 600),
    ),
)
