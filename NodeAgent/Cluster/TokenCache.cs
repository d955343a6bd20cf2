using System.Collections.Concurrent;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Cluster;

/// <summary>
/// Service-account tokens of pods. One is asked for anew when 80 % of its life is over, or after a day;
/// while that fails, the old one is served until it ends.
/// </summary>
public sealed partial class TokenCache(IClusterApi api, TimeProvider time, ILogger logger)
{
    private const double RenewAfterShare = 0.8;
    private const long DefaultSeconds = 3600;
    private static readonly TimeSpan RenewAfterAtMost = TimeSpan.FromHours(24);

    private readonly ConcurrentDictionary<Key, Entry> _tokens = new();

    private readonly record struct Key(string PodUid, string ServiceAccount, string Audience, long Seconds);

    private readonly record struct Entry(V1TokenRequestStatus Status, SteadyTime RenewAt, SteadyTime EndsAt);

    public async Task<string> GetAsync(
        V1Pod pod, V1ServiceAccountTokenProjection projection, CancellationToken cancellationToken) =>
        (await GetStatusAsync(pod, projection.Audience ?? "", projection.ExpirationSeconds, cancellationToken)).Token;

    /// <summary>The token with its end, as the API has given it; an empty audience is the API's own.</summary>
    public async Task<V1TokenRequestStatus> GetStatusAsync(
        V1Pod pod, string audience, long? expirationSeconds, CancellationToken cancellationToken)
    {
        var seconds = expirationSeconds ?? DefaultSeconds;
        var account = pod.Spec.ServiceAccountName is { Length: > 0 } name ? name : "default";
        var key = new Key(pod.Metadata.Uid, account, audience, seconds);
        var now = time.GetSteadyTime();
        var known = _tokens.TryGetValue(key, out var entry);
        if (known && now < entry.RenewAt)
        {
            return entry.Status;
        }

        try
        {
            entry = await RequestAsync(pod, key, now, cancellationToken);
            _tokens[key] = entry;
        }
        catch (Exception error) when (known && now < entry.EndsAt && !cancellationToken.IsCancellationRequested)
        {
            LogNotRenewed(account, pod.Metadata.NamespaceProperty, pod.Metadata.Name, error.Message);
        }

        return entry.Status;
    }

    /// <summary>The earliest time at which a token of the pod is due; null when it has none.</summary>
    public SteadyTime? NextRenewal(string podUid)
    {
        var due = _tokens.Where(t => t.Key.PodUid == podUid).Select(t => t.Value.RenewAt).ToList();
        return due.Count == 0 ? null : due.Min();
    }

    public void Forget(string podUid)
    {
        foreach (var key in _tokens.Keys.Where(k => k.PodUid == podUid))
        {
            _tokens.TryRemove(key, out _);
        }
    }

    private async Task<Entry> RequestAsync(V1Pod pod, Key key, SteadyTime now, CancellationToken cancellationToken)
    {
        var request = new Authenticationv1TokenRequest
        {
            ApiVersion = "authentication.k8s.io/v1",
            Kind = "TokenRequest",
            Spec = new V1TokenRequestSpec
            {
                Audiences = key.Audience.Length == 0 ? [] : [key.Audience],
                ExpirationSeconds = key.Seconds,
                BoundObjectRef = new V1BoundObjectReference
                {
                    ApiVersion = "v1",
                    Kind = "Pod",
                    Name = pod.Metadata.Name,
                    Uid = pod.Metadata.Uid,
                },
            },
        };
        var answer = await api.CreateTokenAsync(
            pod.Metadata.NamespaceProperty, key.ServiceAccount, request, cancellationToken);

        // The time of its end is by the API's clock, and ours may be another: its life is how long the API says that it
        // lives, counted from when it was asked for.
        var life = TimeSpan.FromSeconds(answer.Spec?.ExpirationSeconds ?? key.Seconds);
        var renewIn = life * RenewAfterShare;
        return new Entry(
            answer.Status, now + (renewIn < RenewAfterAtMost ? renewIn : RenewAfterAtMost), now + life);
    }

    [LoggerMessage(
        1, LogLevel.Warning,
        "The token of service account {Account} for pod {Space}/{Pod} was not renewed; the old one lasts: {Problem}")]
    private partial void LogNotRenewed(string account, string space, string pod, string problem);
}
