using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Subresources;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Pipeline;

/// <summary>
/// Registers what carries out writes: the pipeline, its admission plugins, and the in-process client.
/// </summary>
public static class WritePipeline
{
    public static IServiceCollection AddWritePipeline(this IServiceCollection services)
    {
        services.TryAddSingleton<IObjectDoor, GrainDoor>();
        services.TryAddSingleton<ObjectStore>();
        services.TryAddSingleton<ObjectReader>();
        services.TryAddSingleton<ObjectCreator>();
        services.TryAddSingleton<ObjectUpdater>();
        services.TryAddSingleton<ObjectDeleter>();
        services.TryAddSingleton<CollectionDeleter>();
        services.TryAddSingleton<BindingHandler>();
        services.TryAddSingleton<EvictionHandler>();
        services.TryAddSingleton<ScaleHandler>();
        services.TryAddSingleton<ObjectHandler>();
        services.TryAddSingleton<AdmissionChain>();
        services.AddSingleton<IAdmissionPlugin, NamespaceLifecyclePlugin>();
        services.AddSingleton<IAdmissionPlugin, ServiceAccountPlugin>();
        services.AddSingleton<IAdmissionPlugin, TaintNodesByConditionPlugin>();
        services.AddSingleton<IAdmissionPlugin, PriorityPlugin>();
        services.AddSingleton<IAdmissionPlugin, DefaultTolerationSecondsPlugin>();
        services.AddSingleton<IAdmissionPlugin, RuntimeClassPlugin>();
        services.TryAddSingleton(InProcess);
        services.TryAddSingleton<IResourceClient>(s => new ResourceClient(
            s.GetRequiredService<ResourceClientServices>(),
            new UserIdentity { Name = "system:apiserver", Groups = ["system:masters"] }));
        return services;
    }

    /// <summary>The same pipeline once more, with a door of its own: see <see cref="JournalDoor"/>.</summary>
    private static ResourceClientServices InProcess(IServiceProvider services)
    {
        var door = ActivatorUtilities.CreateInstance<JournalDoor>(services);
        var store = ActivatorUtilities.CreateInstance<ObjectStore>(services, door);
        var creator = ActivatorUtilities.CreateInstance<ObjectCreator>(services, store);
        var updater = ActivatorUtilities.CreateInstance<ObjectUpdater>(services, store, creator);
        var deleter = ActivatorUtilities.CreateInstance<ObjectDeleter>(services, store);
        return ActivatorUtilities.CreateInstance<ResourceClientServices>(
            services,
            creator,
            updater,
            deleter,
            ActivatorUtilities.CreateInstance<BindingHandler>(services, store),
            ActivatorUtilities.CreateInstance<EvictionHandler>(services, updater, deleter),
            new ScaleHandler(updater));
    }
}
