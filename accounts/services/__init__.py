"""What people can do about their accounts, one module a verb. Called through the modules: `sessions.sign_in(…)`."""
