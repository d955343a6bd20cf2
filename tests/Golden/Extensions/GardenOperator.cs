using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using k8s;
using k8s.Autorest;
using k8s.LeaderElection;
using k8s.LeaderElection.ResourceLock;
using k8s.Models;

namespace OrleansOrchestrator.Golden.Extensions;

/// <summary>
/// An operator as people write them with the official client: of several that run, the one that holds the Lease tends
/// to all gardens. Each has a ConfigMap, which goes before the garden does.
/// </summary>
internal sealed class GardenOperator(Uri address, string name)
{
    public const string Lease = "gardeners";
    public const string Space = "default";
    private const string Finalizer = "gardens.example.com/clear";

    private static readonly TimeSpan LeaseDuration = TimeSpan.FromSeconds(6);

    private readonly Kubernetes _client = new(new KubernetesClientConfiguration { Host = address.ToString() });

    /// <summary>What went wrong and is no race that the next event settles.</summary>
    public ConcurrentQueue<Exception> Failures { get; } = new();

    /// <summary>Takes part until it is cancelled, and leads whenever it may.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            using var elector = new LeaderElector(
                new LeaderElectionConfig(new LeaseLock(_client, Space, Lease, name))
                {
                    LeaseDuration = LeaseDuration, RenewDeadline = LeaseDuration * 0.8,
                    RetryPeriod = LeaseDuration / 12,
                });
            using var leading = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var work = Task.CompletedTask;
            elector.OnStartedLeading += () => work = TendAsync(leading.Token);
            elector.OnStoppedLeading += leading.Cancel;
            await elector.RunUntilLeadershipLostAsync(cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await leading.CancelAsync();
            await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>A watch that begins anew tells of all gardens that there are.</summary>
    private async Task TendAsync(CancellationToken cancellationToken)
    {
        using var gardens = new GenericClient(_client, Garden.Group, "v1", "gardens", disposeClient: false);
        while (!cancellationToken.IsCancellationRequested)
        {
            await foreach (var (type, garden) in gardens.WatchNamespacedAsync<Garden>(
                Space, Failures.Enqueue, cancellationToken))
            {
                if (type is WatchEventType.Added or WatchEventType.Modified)
                {
                    await TendAsync(gardens, garden, cancellationToken);
                }
            }
        }
    }

    private async Task TendAsync(GenericClient gardens, Garden garden, CancellationToken cancellationToken)
    {
        try
        {
            if (garden.Metadata.DeletionTimestamp is not null)
            {
                await ClearAsync(gardens, garden, cancellationToken);
            }
            else if (garden.Metadata.Finalizers?.Contains(Finalizer) != true)
            {
                // What comes back is an event, too.
                garden.Metadata.Finalizers = [.. garden.Metadata.Finalizers ?? [], Finalizer];
                await gardens.ReplaceNamespacedAsync(garden, Space, garden.Metadata.Name, cancellationToken);
            }
            else if (!garden.IsTended)
            {
                await PlantAsync(garden, cancellationToken);
            }
        }
        catch (HttpOperationException lost) when (
            lost.Response.StatusCode is HttpStatusCode.Conflict or HttpStatusCode.NotFound)
        {
            // Somebody was faster, and that is an event.
        }
        catch (HttpOperationException failure)
        {
            Failures.Enqueue(new InvalidOperationException(failure.Response.Content, failure));
        }
    }

    private async Task PlantAsync(Garden garden, CancellationToken cancellationToken)
    {
        var planted = garden.Spec.Beds ?? 0;
        var plan = new V1ConfigMap
        {
            Metadata = new V1ObjectMeta
            {
                Name = PlanOf(garden),
                OwnerReferences =
                [
                    new V1OwnerReference
                    {
                        ApiVersion = garden.ApiVersion, Kind = garden.Kind, Name = garden.Metadata.Name,
                        Uid = garden.Metadata.Uid, Controller = true, BlockOwnerDeletion = true,
                    },
                ],
            },
            Data = new Dictionary<string, string> { ["beds"] = planted.ToString(CultureInfo.InvariantCulture) },
        };
        await _client.CoreV1.PatchNamespacedConfigMapAsync(
            new V1Patch(KubernetesJson.Serialize(Typed(plan)), V1Patch.PatchType.ApplyPatch), PlanOf(garden), Space,
            fieldManager: Lease, force: true, cancellationToken: cancellationToken);
        garden.Status = new GardenStatus
        {
            Planted = planted, Gardener = name, ObservedGeneration = garden.Metadata.Generation,
            Conditions =
            [
                new V1Condition
                {
                    Type = "Ready", Status = "True", Reason = "Planted", Message = "all beds are planted",
                    LastTransitionTime = TimeProvider.System.GetUtcNow().UtcDateTime,
                },
            ],
        };
        await _client.CustomObjects.ReplaceNamespacedCustomObjectStatusAsync(
            garden, Garden.Group, "v1", Space, "gardens", garden.Metadata.Name, cancellationToken: cancellationToken);
    }

    private async Task ClearAsync(GenericClient gardens, Garden garden, CancellationToken cancellationToken)
    {
        if (garden.Metadata.Finalizers?.Remove(Finalizer) == true)
        {
            await DeletePlanAsync(garden, cancellationToken);
            await gardens.ReplaceNamespacedAsync(garden, Space, garden.Metadata.Name, cancellationToken);
        }
    }

    private async Task DeletePlanAsync(Garden garden, CancellationToken cancellationToken)
    {
        try
        {
            await _client.CoreV1.DeleteNamespacedConfigMapAsync(
                PlanOf(garden), Space, cancellationToken: cancellationToken);
        }
        catch (HttpOperationException gone) when (gone.Response.StatusCode == HttpStatusCode.NotFound)
        {
            // Deleted at the look before, whose other half was lost.
        }
    }

    public static string PlanOf(Garden garden) => $"plan-of-{garden.Metadata.Name}";

    private static V1ConfigMap Typed(V1ConfigMap map)
    {
        (map.ApiVersion, map.Kind) = ("v1", "ConfigMap");
        return map;
    }
}
