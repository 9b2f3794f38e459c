"""`{% link_url "verify-email" link_id %}`: the address an e-mail leads to, whose token is made with the e-mail."""

from django import template

from accounts import links

register = template.Library()
register.simple_tag(links.url, name="link_url")
