//! JSON Merge Patch (RFC 7396), for the control API.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Applies `patch` to `target`. Null resets a field to its default.
pub(crate) fn merged<T: Serialize + DeserializeOwned>(target: &T, patch: Value) -> Result<T, serde_json::Error> {
    let mut value = serde_json::to_value(target)?;
    merge(&mut value, patch);
    serde_json::from_value(value)
}

fn merge(target: &mut Value, patch: Value) {
    let (Value::Object(fields), Value::Object(changes)) = (&mut *target, &patch) else {
        *target = patch;
        return;
    };
    for (name, change) in changes {
        if change.is_null() {
            fields.remove(name);
        } else {
            merge(fields.entry(name).or_insert(Value::Null), change.clone());
        }
    }
}
