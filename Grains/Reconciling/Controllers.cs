using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansOrchestrator.Grains.Core.Namespaces;
using OrleansOrchestrator.Grains.Core.Nodes;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Core.Services;
using OrleansOrchestrator.Grains.GarbageCollection;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>The controllers of a cluster, and what each follows.</summary>
public static class Controllers
{
    /// <summary>
    /// Adds all controllers to a silo. They need <see cref="IResourceClient"/> and <c>IClusterTrust</c>.
    /// </summary>
    public static IServiceCollection AddOrchestratorControllers(
        this IServiceCollection services, Action<ControllersOptions>? configure = null)
    {
        services.AddOptions<ControllersOptions>();
        if (configure is not null)
        {
            services.Configure(configure);
        }

        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IChildCursors, GrainChildCursors>();
        services.AddSingleton<ReconcilingServices>();
        services.AddSingleton<EventSink>();
        services.AddHostedService(s => s.GetRequiredService<EventSink>());
        services.AddHostedService<ControllerKeeper>();
        services.AddWakeController("deployment-controller", WellKnown.Deployments, DeploymentFollows);
        services.AddWakeController("replicaset-controller", WellKnown.ReplicaSets, ReplicaSetFollows);
        services.AddWakeController("endpointslice-controller", WellKnown.Services, ServiceFollows);
        services.AddWakeController("namespace-controller", WellKnown.Namespaces, NamespaceFollows);
        services.AddController(NodeLifecycleController.Name, s => new NodeLifecycleController(s));
        services.AddController(TaintEvictionController.Name, s => new TaintEvictionController(s));
        services.AddController(PodCollectionController.Name, s => new PodCollectionController(s));
        services.AddController(GarbageCollector.Name, s => new GarbageCollector(s));
        return services;
    }

    /// <summary>Adds a controller of one's own.</summary>
    public static IServiceCollection AddController(
        this IServiceCollection services, string name, Func<ReconcilingServices, IController> create) =>
        services.AddSingleton(
            new ControllerRegistration(name, s => create(s.GetRequiredService<ReconcilingServices>())));

    /// <summary>Deployments: themselves, and the ReplicaSets that they control or could adopt.</summary>
    public static IReadOnlyList<Followed> DeploymentFollows()
    {
        var selectors = new SelectorIndex();
        return
        [
            new Followed(WellKnown.Deployments, (change, keys) =>
            {
                selectors.Set(change.Object.Key, SelectorOf(change, c => c.As<V1Deployment>().Spec.Selector));
                keys.Add(change.Object.Key);
            }),
            new Followed(WellKnown.ReplicaSets, (change, keys) => AddOwners(change, "Deployment", selectors, keys)),
        ];
    }

    /// <summary>ReplicaSets: themselves, and the pods that they control or could adopt.</summary>
    public static IReadOnlyList<Followed> ReplicaSetFollows()
    {
        var selectors = new SelectorIndex();
        return
        [
            new Followed(WellKnown.ReplicaSets, (change, keys) =>
            {
                selectors.Set(change.Object.Key, SelectorOf(change, c => c.As<V1ReplicaSet>().Spec.Selector));
                keys.Add(change.Object.Key);
            }),
            new Followed(WellKnown.Pods, (change, keys) => AddOwners(change, "ReplicaSet", selectors, keys)),
        ];
    }

    /// <summary>
    /// Services: themselves, their pods, and their Endpoints and slices in case somebody else changes those.
    /// </summary>
    public static IReadOnlyList<Followed> ServiceFollows()
    {
        var selectors = new SelectorIndex();
        return
        [
            new Followed(WellKnown.Services, (change, keys) =>
            {
                selectors.Set(
                    change.Object.Key,
                    SelectorOf(change, c => new V1LabelSelector { MatchLabels = c.As<V1Service>().Spec.Selector }));
                keys.Add(change.Object.Key);
            }),
            new Followed(WellKnown.Pods, (change, keys) => AddServices(change, selectors, keys)),
            new Followed(WellKnown.Endpoints, (change, keys) => keys.Add(change.Object.Key)),
            new Followed(WellKnown.EndpointSlices, (change, keys) =>
            {
                if (change.Object.Metadata.Labels.TryGetValue(EndpointRules.ServiceNameLabel, out var service))
                {
                    keys.Add(new ObjectKey(change.Object.Key.Namespace, service));
                }
            }),
        ];
    }

    /// <summary>Namespaces: themselves, their furniture, and the pods of terminating ones.</summary>
    public static IReadOnlyList<Followed> NamespaceFollows()
    {
        var terminating = new HashSet<string>(StringComparer.Ordinal);
        return
        [
            new Followed(WellKnown.Namespaces, (change, keys) =>
            {
                var name = change.Object.Key.Name;
                _ = change.Kind != ChangeKind.Deleted && change.Object.Metadata.DeletionTimestamp is not null
                    ? terminating.Add(name)
                    : terminating.Remove(name);
                keys.Add(change.Object.Key);
            }),
            new Followed(
                WellKnown.ServiceAccounts, (change, keys) => AddHome(change, NamespaceReconciler.DefaultAccount, keys)),
            new Followed(
                WellKnown.ConfigMaps, (change, keys) => AddHome(change, NamespaceReconciler.RootCertificates, keys)),
            new Followed(WellKnown.Pods, (change, keys) =>
            {
                if (change.Kind == ChangeKind.Deleted && terminating.Contains(change.Object.Key.Namespace))
                {
                    keys.Add(new ObjectKey("", change.Object.Key.Namespace));
                }
            }),
        ];
    }

    /// <summary>
    /// The reminders' part of a controller whose objects may be gone while something of theirs remains.
    /// </summary>
    private static ResourceName? NamesakesOf(ResourceName target) =>
        target == WellKnown.Services ? WellKnown.Endpoints : null;

    private static void AddWakeController(
        this IServiceCollection services, string name, ResourceName target, Func<IReadOnlyList<Followed>> follows) =>
        services.AddSingleton(new ControllerRegistration(name, provider =>
        {
            var reconciling = provider.GetRequiredService<ReconcilingServices>();
            return new WakeController(
                target,
                NamesakesOf(target),
                follows(),
                reconciling.Client.As(UserIdentity.Controller(name)),
                Waker(provider, reconciling.Resources.Find(target)!.GrainType),
                reconciling.Options,
                reconciling.Time);
        }));

    private static WakeUp Waker(IServiceProvider provider, string grainType)
    {
        var grains = provider.GetRequiredService<IGrainFactory>();
        return target =>
            _ = grains.GetGrain<IObjectGrain>(GrainId.Create(grainType, target.ToString())).ReconcileAsync();
    }

    private static V1LabelSelector? SelectorOf(ResourceChange change, Func<ResourceObject, V1LabelSelector> read) =>
        change.Kind == ChangeKind.Deleted ? null : read(change.Object);

    private static void AddOwners(
        ResourceChange change, string kind, SelectorIndex selectors, ICollection<ObjectKey> keys)
    {
        var now = change.Object.Metadata.Controller;
        AddOwner(change.Object, now, kind, keys);
        if (change.Previous?.Metadata.Controller is { } before && before.Uid != now?.Uid)
        {
            AddOwner(change.Object, before, kind, keys);
        }

        if (now is null && change.Kind != ChangeKind.Deleted)
        {
            selectors.Find(change.Object.Key.Namespace, change.Object.Metadata.Labels, keys);
        }
    }

    private static void AddOwner(ResourceObject child, ObjectOwner? owner, string kind, ICollection<ObjectKey> keys)
    {
        if (owner is not null && owner.Kind == kind)
        {
            keys.Add(new ObjectKey(child.Key.Namespace, owner.Name));
        }
    }

    private static void AddServices(ResourceChange change, SelectorIndex selectors, ICollection<ObjectKey> keys)
    {
        var before = change.Previous is null || change.Kind == ChangeKind.Deleted ? null : PodFacts.Of(change.Previous);
        if (!EndpointRules.IsRelevant(before, PodFacts.Of(change.Object)))
        {
            return;
        }

        var (home, labels) = (change.Object.Key.Namespace, change.Object.Metadata.Labels);
        selectors.Find(home, labels, keys);
        if (before is not null && !EndpointRules.SameLabels(before.Labels, labels))
        {
            selectors.Find(home, before.Labels, keys);
        }
    }

    private static void AddHome(ResourceChange change, string name, ICollection<ObjectKey> keys)
    {
        if (change.Object.Key.Name == name && change.Kind != ChangeKind.Added)
        {
            keys.Add(new ObjectKey("", change.Object.Key.Namespace));
        }
    }
}
