//! The choice of devices that play. The room knows ids only; whether a device exists is a matter of presence.

use std::collections::BTreeSet;

use tutti_protocol::{Action, DeviceId, Event, Output, OutputMode, UserId};

use crate::decide::Decision;
use crate::{OUTPUT_DEVICES_MAX, Refusal, RoomState};

impl RoomState {
    pub(crate) fn set_output(&self, by: UserId, mode: OutputMode, devices: &BTreeSet<DeviceId>) -> Decision {
        self.require(by, Action::SetOutput)?;
        if devices.len() > OUTPUT_DEVICES_MAX {
            return Err(Refusal::TooManyDevices);
        }
        let output = Output { mode, devices: devices.clone() };
        Ok(if self.output == output { vec![] } else { vec![Event::OutputChanged { output, by }] })
    }
}
