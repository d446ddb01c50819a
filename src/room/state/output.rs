//! The choice of devices that play. The room knows ids only; whether a device exists is a matter of presence.

use std::collections::BTreeSet;

use tutti_protocol::{Action, DeviceId, Event, Output, OutputMode, UserId};

use crate::decide::Decision;
use crate::{OUTPUT_DEVICES_MAX, Refusal, RoomState};

/// A device plays at its own volume, in per cent.
const VOLUME_MAX: u32 = 100;

impl RoomState {
    pub(crate) fn set_output(&self, by: UserId, mode: OutputMode, devices: &BTreeSet<DeviceId>) -> Decision {
        self.require(by, Action::SetOutput)?;
        if devices.len() > OUTPUT_DEVICES_MAX {
            return Err(Refusal::TooManyDevices);
        }
        let output = Output { mode, devices: devices.clone(), ..self.output.clone() };
        Ok(self.output_changed(by, output))
    }

    pub(crate) fn set_volume(&self, by: UserId, device: DeviceId, percent: u32) -> Decision {
        self.require(by, Action::SetOutput)?;
        let mut output = self.output.clone();
        match percent {
            VOLUME_MAX => output.volumes.remove(&device),
            0..VOLUME_MAX => output.volumes.insert(device, percent),
            _ => return Err(Refusal::BadSetting { setting: "volume" }),
        };
        if output.volumes.len() > OUTPUT_DEVICES_MAX {
            return Err(Refusal::TooManyDevices);
        }
        Ok(self.output_changed(by, output))
    }

    fn output_changed(&self, by: UserId, output: Output) -> Vec<Event> {
        if self.output == output { vec![] } else { vec![Event::OutputChanged { output, by }] }
    }
}
