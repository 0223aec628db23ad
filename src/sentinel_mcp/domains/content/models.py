"""Automation, content hub, summary rules, workbooks and parsers, as tools take and give them."""
