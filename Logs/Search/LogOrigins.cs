namespace OrleansOrchestrator.Logs.Search;

/// <summary>What lines tell of: whoever may see the ones may not see the others.</summary>
[Flags]
public enum LogOrigins
{
    None = 0,

    /// <summary>What programs wrote: containers, and the parts of the cluster itself.</summary>
    Programs = 1,

    /// <summary>The cluster's Events.</summary>
    Events = 2,

    All = Programs | Events,
}

/// <summary>
/// Segments of events are kept apart from those of programs, under a name that no namespace can have: so a search
/// leaves out what it may not see without looking into a segment, and merging never mixes them.
/// </summary>
public static class LogSpaces
{
    public const string EventsSuffix = "/events";

    public static string OfEvents(string @namespace) => @namespace + EventsSuffix;

    /// <summary>The names under which a namespace has segments.</summary>
    public static IEnumerable<string> Of(string @namespace, LogOrigins origins)
    {
        if (origins.HasFlag(LogOrigins.Programs))
        {
            yield return @namespace;
        }

        if (origins.HasFlag(LogOrigins.Events))
        {
            yield return OfEvents(@namespace);
        }
    }

    /// <summary>What the segments under a name have.</summary>
    public static LogOrigins OriginOf(string space) =>
        space.EndsWith(EventsSuffix, StringComparison.Ordinal) ? LogOrigins.Events : LogOrigins.Programs;
}
