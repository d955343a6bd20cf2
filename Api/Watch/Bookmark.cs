using System.Globalization;

namespace OrleansOrchestrator.Api.Watch;

/// <summary>The object of a bookmark: of the watched kind, but nothing in it save some metadata.</summary>
internal static class Bookmark
{
    /// <summary>That metadata as JSON.</summary>
    public static string Metadata(long revision, bool endsInitialEvents)
    {
        var mark = endsInitialEvents ? ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{{\"resourceVersion\":\"{revision}\"{mark}}}");
    }
}
