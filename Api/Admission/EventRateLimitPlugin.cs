using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// Takes no more Events than its configuration says (upstream's <c>plugin/pkg/admission/eventratelimit</c>). Each silo
/// counts what it is sent itself; what is only tried counts nowhere.
/// </summary>
public sealed class EventRateLimitPlugin : IAdmissionPlugin
{
    private const int DefaultCacheSize = 4096;

    private readonly Enforcer[] _enforcers;

    public EventRateLimitPlugin(EventRateLimits limits, TimeProvider time) =>
        _enforcers = [.. limits.Limits.Select(l => new Enforcer(l, time))];

    /// <inheritdoc/>
    public string Name => "EventRateLimit";

    /// <inheritdoc/>
    public bool Handles(AdmissionAttributes attributes) =>
        attributes.Operation is AdmissionOperation.Create or AdmissionOperation.Update
        && attributes.Definition.Name == WellKnown.Events
        && !attributes.DryRun;

    /// <inheritdoc/>
    public ValueTask<Status?> ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        // Each of them counts the Event, also when another one refuses it.
        var why = GoErrors.Join(_enforcers.Select(e => e.Refuse(attributes)).OfType<string>());
        return new(why is null ? null : new Status
        {
            Code = 429, Reason = StatusReasons.TooManyRequests, Message = $"Too many requests: {why}",
        });
    }

    private sealed class Enforcer(EventRateLimit limit, TimeProvider time)
    {
        private readonly LruCache<string, TokenBucket> _buckets = new(
            limit.Type == EventLimitTypes.Server ? 1 : limit.CacheSize == 0 ? DefaultCacheSize : limit.CacheSize);

        public string? Refuse(AdmissionAttributes attributes)
        {
            var key = KeyOf(attributes);
            var bucket = _buckets.GetOrAdd(key, () => new TokenBucket(limit.Qps, limit.Burst, time));
            return bucket.TryTake() ? null : $"limit reached on type {limit.Type} for key {key}";
        }

        private string KeyOf(AdmissionAttributes attributes) => limit.Type switch
        {
            EventLimitTypes.Namespace => attributes.Key.Namespace,
            EventLimitTypes.User => attributes.User.Name,
            EventLimitTypes.SourceAndObject when attributes.Object is Corev1Event item => string.Concat(
            [
                item.Source?.Component, item.Source?.Host, item.InvolvedObject?.Kind,
                item.InvolvedObject?.NamespaceProperty, item.InvolvedObject?.Name, item.InvolvedObject?.Uid,
                item.InvolvedObject?.ApiVersion,
            ]),
            _ => "",
        };
    }
}
