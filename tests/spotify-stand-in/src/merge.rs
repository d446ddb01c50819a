//! JSON Merge Patch (RFC 7396), by which the control pages change things.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// `target` with `patch` over it. A field that the patch sets to null gets its default, where it has one.
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
