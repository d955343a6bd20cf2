namespace OrleansOrchestrator.Formats;

/// <summary>What tells one event from others: those of which all is equal are repetitions of one.</summary>
/// <param name="Source">Who tells it: its component, and where that runs.</param>
/// <param name="About">The object, as <see cref="AboutOf"/> writes it.</param>
/// <param name="FieldPath">The part of the object; empty for all of it.</param>
/// <param name="Type"><c>Normal</c> or <c>Warning</c>.</param>
/// <param name="Reason">One word in CamelCase.</param>
/// <param name="Message">A sentence.</param>
public readonly record struct EventFacts(
    string Source, string About, string FieldPath, string Type, string Reason, string Message)
{
    /// <summary>What an event is about, as one word for it.</summary>
    public static string AboutOf(string? kind, string? @namespace, string? name, string? uid) =>
        $"{kind}/{@namespace}/{name}/{uid}";
}
