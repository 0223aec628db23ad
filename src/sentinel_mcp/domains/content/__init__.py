"""Automation, content hub, summary rules, workbooks and parsers."""
