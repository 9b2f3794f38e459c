"""RabbitMQ as the broker: the same shop, only the queue is another."""

import shutil
import subprocess

import pytest

from tests.shopping import order_of

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def broker(rabbitmq, run_name):
    """A virtual host of the run's own, so that no other worker takes its tasks."""
    if shutil.which("rabbitmqctl") is None:
        pytest.skip("There is no rabbitmqctl on the PATH to make a virtual host with.")
    made = _control("add_vhost", run_name)
    if made.returncode:
        pytest.skip(f"rabbitmqctl may not make a virtual host: {made.stderr}")
    try:
        _control("set_permissions", "-p", run_name, "guest", ".*", ".*", ".*").check_returncode()
        yield f"{rabbitmq}/{run_name}"
    finally:
        _control("delete_vhost", run_name)


@pytest.fixture(scope="module")
def stack(broker, redis_url, start_stack):
    with start_stack("rabbitmq", broker=broker, redis_url=redis_url) as stack:
        yield stack


def test_an_order_is_told_of_by_a_worker_that_listens_to_rabbitmq(stack):
    order = order_of(stack.person("customer"), (stack.variant(), 1))

    stack.wait_until_dispatched()

    assert "amqp://" in stack.worker.log.read_text()
    assert stack.events(order["number"]) == [(1, "order.placed"), (2, "order.confirmed"), (3, "order.paid")]
    assert len(stack.emails_about(order["number"])) == 1
    inbox = "SELECT count(*) FROM notifications_notification WHERE user_id IS NOT NULL"
    assert stack.database.value(inbox) == 1
    assert stack.unexpected_errors() == []


def _control(*arguments):
    return subprocess.run(["rabbitmqctl", "--quiet", *arguments], capture_output=True, text=True, check=False)
