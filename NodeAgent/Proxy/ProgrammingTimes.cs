using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Metrics;

namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>
/// How long it takes from a change of pods until this node's rules follow it: slices say when what they show happened,
/// and the proxy when it has programmed that (upstream's <c>EndpointsChangeTracker</c> and
/// <c>NetworkProgrammingLatency</c>). The times are of another machine's clock.
/// </summary>
public sealed class ProgrammingTimes(KubeletMeters meters, TimeProvider time)
{
    private const string Annotation = "endpoints.kubernetes.io/last-change-trigger-time";

    /// <summary>More than that between two steps are not measured.</summary>
    private const int MostPending = 4096;

    // What happened before is not for this proxy to be measured by.
    private readonly DateTimeOffset _started = time.GetUtcNow();
    private readonly Lock _lock = new();
    private readonly List<Trigger> _pending = [];

    /// <summary>A slice came, changed or went. What goes says of its last change only, which is another one.</summary>
    public void Note((string Namespace, string Name) service, V1EndpointSlice slice, bool isGone)
    {
        lock (_lock)
        {
            if (isGone)
            {
                _pending.RemoveAll(t => t.Service == service);
            }
            else if (TimeOf(slice) is { } at && at > _started && _pending.Count < MostPending)
            {
                _pending.Add(new Trigger(service, slice.AddressType, at));
            }
        }
    }

    /// <summary>
    /// What the step that begins now will program of the Services that it is for. What becomes of a step that fails is
    /// not measured.
    /// </summary>
    public IReadOnlyList<Trigger> Take(IReadOnlyCollection<(string Namespace, string Name)> services)
    {
        lock (_lock)
        {
            if (_pending.Count == 0)
            {
                return [];
            }

            var ofStep = services.ToHashSet();
            var taken = _pending.FindAll(t => ofStep.Contains(t.Service));
            _pending.RemoveAll(t => ofStep.Contains(t.Service));
            return taken;
        }
    }

    /// <summary>The kernel has it.</summary>
    public void Programmed(IReadOnlyList<Trigger> triggers)
    {
        var now = time.GetUtcNow();
        foreach (var trigger in triggers)
        {
            meters.NetworkProgramming.Record(now - trigger.At, trigger.AddressType);
        }
    }

    private static DateTimeOffset? TimeOf(V1EndpointSlice slice) =>
        slice.AddressType is "IPv4" or "IPv6"
        && slice.Metadata.Annotations is { } annotations
        && annotations.TryGetValue(Annotation, out var text)
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? at
            : null;

    /// <summary>A change that a slice tells of.</summary>
    public sealed record Trigger((string Namespace, string Name) Service, string AddressType, DateTimeOffset At);
}
