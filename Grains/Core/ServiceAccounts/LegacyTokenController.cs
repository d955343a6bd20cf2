using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.Core.Secrets;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Core.Secrets;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.ServiceAccounts;

/// <summary>
/// Looks once a day for tokens in Secrets that nobody uses: first they are made invalid, then deleted.
/// </summary>
public sealed class LegacyTokenController : IController
{
    /// <summary>Upstream's name; also the user of all that it writes.</summary>
    public const string Name = "legacy-service-account-token-cleaner";

    private static readonly TimeSpan Day = TimeSpan.FromHours(24);
    private static readonly ObjectKey Tracking = new("kube-system", LegacyTokens.TrackingName);

    private readonly IResourceClient _client;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    public LegacyTokenController(ReconcilingServices services)
    {
        _logger = services.Logger<LegacyTokenController>();
        _client = services.Client.As(UserIdentity.Controller(Name));
        _time = services.Time;
    }

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Day, _time);
        do
        {
            await Failures.TellRefusalsAsync(CleanAsync, _logger, Name, cancellationToken);
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    /// <summary>Nothing: a token that has been out of use for a year can wait until the day is over.</summary>
    public Task ResyncAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>One look at all tokens.</summary>
    public async Task CleanAsync(CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var tracking = await _client.GetAsync<V1ConfigMap>(Tracking, ReadFreshness.Linearizable, cancellationToken);
        if (!tracking.Succeeded
            || tracking.Value.Data?.TryGetValue(LegacyTokens.SinceKey, out var since) != true
            || !LegacyTokenPlanner.Knows(since, now))
        {
            return;
        }

        var secrets = await _client.ListAsync<V1Secret>(
            ResourceOf<V1Secret>.Query() with { FieldSelector = $"type={SecretTokenPlanner.Type}" }, cancellationToken);
        var failures = new Failures();
        foreach (var home in secrets.Where(s => LegacyTokenPlanner.IsUnused(s, now))
            .GroupBy(s => s.Metadata.NamespaceProperty))
        {
            var mounted = await MountedAsync(home.Key, cancellationToken);
            foreach (var secret in home)
            {
                await failures.TryAsync(
                    () => CleanAsync(secret, mounted.Contains(secret.Metadata.Name), now, cancellationToken));
            }
        }

        failures.ThrowIfAny();
    }

    private async Task CleanAsync(
        V1Secret secret, bool isMounted, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var key = new ObjectKey(secret.Metadata.NamespaceProperty, SecretTokenPlanner.AccountOf(secret) ?? "");
        var account = await _client.GetAsync<V1ServiceAccount>(key, ReadFreshness.Cached, cancellationToken);
        switch (LegacyTokenPlanner.Compute(secret, account.Value, isMounted, now))
        {
            case LegacyTokenStep.Invalidate:
                Expect(
                    secret, await _client.MergeAsync<V1Secret>(secret.Key(), Invalid(secret, now), cancellationToken));
                break;
            case LegacyTokenStep.Delete:
                Expect(secret, await _client.DeleteAsync(
                    new DeleteRequest
                    {
                        Resource = WellKnown.Secrets, Key = secret.Key(), Uid = secret.Metadata.Uid,
                        ResourceVersion = secret.Metadata.ResourceVersion,
                    },
                    cancellationToken));
                break;
        }
    }

    private static JsonObject Invalid(V1Secret secret, DateTimeOffset now) => new()
    {
        ["metadata"] = new JsonObject
        {
            ["uid"] = secret.Metadata.Uid,
            ["labels"] = new JsonObject { [LegacyTokens.InvalidSinceLabel] = LegacyTokens.Day(now) },
        },
    };

    private async Task<HashSet<string>> MountedAsync(string home, CancellationToken cancellationToken)
    {
        var pods = await _client.ListAsync<V1Pod>(ResourceOf<V1Pod>.Query(home), cancellationToken);
        return pods.SelectMany(p => PodReferences.Secrets(p.Spec)).ToHashSet(StringComparer.Ordinal);
    }

    private static void Expect(V1Secret secret, Outcome<ResourceObject> outcome) =>
        outcome.ThrowIfRefused($"unused token {secret.Key()}", StatusReasons.NotFound, StatusReasons.Conflict);
}
