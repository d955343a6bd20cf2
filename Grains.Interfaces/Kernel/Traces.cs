using System.Diagnostics;

namespace OrleansOrchestrator.Interfaces.Kernel;

/// <summary>
/// Spans of the project's own, beside those of HTTP and of PostgreSQL's driver: a write is followed from its request
/// into the batch of its journal, and to the watches of each silo. Where nobody listens, and for requests that are not
/// sampled, they cost next to nothing.
/// </summary>
public static class Traces
{
    public const string SourceName = "OrleansOrchestrator";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>The span that is open here, as it is handed on; null when it is not sampled.</summary>
    public static string? Current => Activity.Current is { Recorded: true } span ? span.Id : null;

    /// <summary>
    /// Opens a span below the first of those that were handed on, with links to the others; null when there are none.
    /// </summary>
    public static Activity? Open(string name, IEnumerable<string> callers)
    {
        if (!Source.HasListeners())
        {
            return null;
        }

        ActivityContext? parent = null;
        List<ActivityLink>? links = null;
        foreach (var caller in callers)
        {
            if (!ActivityContext.TryParse(caller, null, out var context))
            {
                continue;
            }

            if (parent is null)
            {
                parent = context;
            }
            else
            {
                (links ??= []).Add(new ActivityLink(context));
            }
        }

        return parent is { } above
            ? Source.StartActivity(name, ActivityKind.Internal, above, tags: null, links)
            : null;
    }
}
