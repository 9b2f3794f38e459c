"""The door for payment gateways: POST /webhooks/<gateway>. It answers with a status and says nothing else."""

from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from ordering.gateways import ForgedError
from ordering.services import webhooks

# Messages are some kilobytes.
MAX_BODY = 256 * 1024


# Whoever comes proves with a signature who they are, not with a cookie.
@csrf_exempt
@require_POST
def webhook(request: HttpRequest, gateway: str) -> HttpResponse:
    """200 once the message is stored, also when it was before; 400 for one the gateway did not sign."""
    try:
        body = request.read(MAX_BODY + 1)
    except UnreadablePostError:
        return HttpResponse(status=400)
    if len(body) > MAX_BODY:
        return HttpResponse(status=413)
    try:
        webhooks.receive(gateway_name=gateway, body=body, headers=request.headers)
    except KeyError:
        return HttpResponse(status=404)
    except ForgedError:
        return HttpResponse(status=400)
    return HttpResponse()
