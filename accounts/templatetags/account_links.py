"""`{% link_url "verify-email" link_id %}`: the address an e-mail leads to. Its token is made here, when the e-mail is."""

from django import template

from accounts import links

register = template.Library()
register.simple_tag(links.url, name="link_url")
