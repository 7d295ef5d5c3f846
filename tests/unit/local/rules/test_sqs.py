# ruff: noqa: SLF001 (MiniStack's functions are private)
"""Requests and Lambda's pollers share a queue; tests/local/test_rules_sqs.py has the rest."""

import asyncio
import subprocess
import sys
import threading

MESSAGES = 3_000


def test_pollers_and_requests_together_take_each_message_once():
    """In another process, because the rules stay in place."""
    done = subprocess.run(
        [sys.executable, "-m", __name__], check=False, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    sent, *taken = map(int, done.stdout.split())
    assert (sent, sum(taken), min(taken) > 0) == (MESSAGES, MESSAGES, True)


def main() -> None:
    """Send, while a poller and a request's thread receive; print how many messages each took."""
    from local import rules  # noqa: PLC0415 (they are installed)
    from local.rules.ministack import sqs  # noqa: PLC0415

    rules.install()
    sys.setswitchinterval(1e-6)  # threads change within a step, which is rare otherwise
    url = sqs._act_create_queue({"QueueName": "shared"}, "")["QueueUrl"]
    asked, sent = {"QueueUrl": url, "MaxNumberOfMessages": 10}, threading.Event()
    polled: list[str] = []
    requested: list[str] = []

    def send() -> None:
        for number in range(MESSAGES):
            sqs._HANDLERS["SendMessage"]({"QueueUrl": url, "MessageBody": f"{number}"}, "")
        sent.set()

    def poll() -> None:
        while not sent.is_set() or sqs._get_q(url)["messages"]:
            messages = sqs._receive_messages_for_esm(url, 10)
            polled.extend(message["id"] for message in messages)
            sqs._delete_messages_for_esm(url, {message["receipt_handle"] for message in messages})

    def request() -> None:
        while not sent.is_set() or sqs._get_q(url)["messages"]:
            answer = asyncio.run(sqs._HANDLERS["ReceiveMessage"](asked, ""))
            for message in answer.get("Messages", []):
                requested.append(message["MessageId"])
                deleted = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
                sqs._HANDLERS["DeleteMessage"](deleted, "")

    threads = [threading.Thread(target=step) for step in (send, poll, request)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    counts = len({*polled, *requested}), len(polled), len(requested)
    sys.stdout.write(" ".join(map(str, counts)))


if __name__ == "__main__":
    main()
