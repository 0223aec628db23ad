"""What people and rules attach to an incident: comments, tasks, relations."""
