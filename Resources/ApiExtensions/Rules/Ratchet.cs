using System.Text.Json;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;

namespace OrleansOrchestrator.Resources.ApiExtensions.Rules;

/// <summary>Whether a value that breaks a rule may, because an update has not changed it.</summary>
/// <param name="Current">The value; null when nothing before the update can be matched with it.</param>
/// <param name="Parent">What it is in, or the nearest around that which can be matched; null for a whole
/// object.</param>
internal readonly record struct Ratchet(Correlated? Current, Correlated? Parent)
{
    /// <summary>It, or when it can't be told what it was, what it is in, is as it was.</summary>
    public bool IsSame => (Current ?? Parent)?.IsSame == true;

    /// <summary>That of a field. Changes of an object's type are never seen.</summary>
    public Ratchet Field(string name, JsonElement value, JsonElement? before, JsonSchema schema) =>
        Current is not null && Parent is null && name is ("apiVersion" or "kind") ? default
        : Item(value, before, schema);

    /// <summary>That of an element of a list.</summary>
    public Ratchet Item(JsonElement value, JsonElement? before, JsonSchema schema) => Current is null ? this
        : new Ratchet(before is { } known ? new Correlated(value, known, schema) : null, Current);
}
