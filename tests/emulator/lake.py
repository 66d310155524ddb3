"""CloudTrail Lake: the stores and channels that a scenario says are there. moto: HTML and 500.

Reference: ListEventDataStores, GetEventDataStore, ListChannels, GetChannel, GetResourcePolicy, and their errors.
"""

import json

from moto.core.exceptions import JsonRESTError

# Account and region: what lives there, by ARN.
stores: dict[tuple[str, str], dict[str, dict]] = {}
channels: dict[tuple[str, str], dict[str, dict]] = {}


def _here(self, of: dict) -> dict[str, dict]:
    return of.get((self.current_account, self.region), {})


def _one(self, of: dict, name: str, error: str) -> str:
    arn = json.loads(self.body)[name]
    if arn not in _here(self, of):
        raise JsonRESTError(error, f"{arn} is not here")
    return json.dumps(_here(self, of)[arn])


def list_event_data_stores(self) -> str:
    rows = [{"EventDataStoreArn": arn, "Name": it["Name"]} for arn, it in _here(self, stores).items()]
    return json.dumps({"EventDataStores": rows})


def get_event_data_store(self) -> str:
    return _one(self, stores, "EventDataStore", "EventDataStoreNotFoundException")


def list_channels(self) -> str:
    rows = [{"ChannelArn": arn, "Name": it["Name"]} for arn, it in _here(self, channels).items()]
    return json.dumps({"Channels": rows})


def get_channel(self) -> str:
    return _one(self, channels, "Channel", "ChannelNotFoundException")


def get_resource_policy(self) -> str:
    raise JsonRESTError("ResourcePolicyNotFoundException", "There is no resource policy.")


ANSWERS = [list_event_data_stores, get_event_data_store, list_channels, get_channel, get_resource_policy]
