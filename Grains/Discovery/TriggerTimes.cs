using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;

namespace OrleansOrchestrator.Grains.Discovery;

/// <summary>
/// When what a Service's endpoints show happened, so that whoever programs them can tell how long that took: upstream's
/// <c>endpointslice/util.TriggerTimeTracker</c>, of one Service. As there, of several changes between two looks at the
/// same pod the last one counts, and whoever looks for the first time tells when the Service was made.
/// </summary>
public sealed class TriggerTimes
{
    /// <summary>Where slices and Endpoints say it.</summary>
    public const string Annotation = "endpoints.kubernetes.io/last-change-trigger-time";

    private Dictionary<string, DateTimeOffset> _pods = [];
    private DateTimeOffset? _service;

    /// <summary>The earliest change since the last call; null when nothing that has a time has changed.</summary>
    public DateTimeOffset? Next(V1Service service, IReadOnlyList<PodFacts> pods)
    {
        DateTimeOffset? made = service.Metadata.CreationTimestamp;
        var (podsBefore, serviceBefore) = (_pods, _service);
        (_pods, _service) = (TimesOf(pods), made);
        if (serviceBefore is null)
        {
            return made;
        }

        var changes = _pods.Where(p => p.Value > podsBefore.GetValueOrDefault(p.Key))
            .Select(static p => (DateTimeOffset?)p.Value);
        return changes.Append(made > serviceBefore ? made : null).Min();
    }

    /// <summary>Forgets the Service: it is gone, and another one may come by its name.</summary>
    public void Forget() => (_pods, _service) = ([], null);

    /// <summary>Notes it on slices that are to be written, or takes away what they said before.</summary>
    public static void Note(IEnumerable<V1EndpointSlice> slices, DateTimeOffset? at)
    {
        foreach (var slice in slices)
        {
            slice.Metadata.Annotations = With(slice.Metadata.Annotations, at);
        }
    }

    /// <summary>Annotations with that time, or without any; null when there are none.</summary>
    public static Dictionary<string, string>? With(IDictionary<string, string>? annotations, DateTimeOffset? at)
    {
        var next = new Dictionary<string, string>(
            annotations ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        next.Remove(Annotation);
        if (at is { } time)
        {
            next[Annotation] =
                time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
        }

        return next.Count == 0 ? null : next;
    }

    // A pod's endpoint changes as the pod becomes ready, or ceases to be.
    private static Dictionary<string, DateTimeOffset> TimesOf(IReadOnlyList<PodFacts> pods)
    {
        var times = new Dictionary<string, DateTimeOffset>(pods.Count, StringComparer.Ordinal);
        foreach (var pod in pods)
        {
            if (pod.ReadySince is { } since)
            {
                times[pod.Key.Name] = since;
            }
        }

        return times;
    }
}
