namespace OrleansOrchestrator.Formats;

/// <summary>What tells one event from others: those of which all is equal are repetitions of one.</summary>
/// <param name="Source">Who tells it: its component, and where that runs.</param>
/// <param name="About">The object: its kind, place, name and uid.</param>
/// <param name="FieldPath">The part of the object; empty for all of it.</param>
/// <param name="Type"><c>Normal</c> or <c>Warning</c>.</param>
/// <param name="Reason">One word in CamelCase.</param>
/// <param name="Message">A sentence.</param>
public readonly record struct EventFacts(
    string Source, string About, string FieldPath, string Type, string Reason, string Message);
