using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Golden.Extensions;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Golden.Fuzzing;

/// <summary>A server with every plugin, and with nothing that another expression judges.</summary>
public sealed class ExpressionFuzzServer : IAsyncLifetime
{
    private readonly FuzzServer _server = FuzzServer.Bare();

    /// <summary>What is served.</summary>
    public ResourceTable Table => Catalog.Current;

    private ResourceCatalog Catalog => _server.Host.Services.GetRequiredService<ResourceCatalog>();

    /// <inheritdoc/>
    public ValueTask InitializeAsync() => _server.InitializeAsync();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();

    /// <inheritdoc cref="FuzzServer.CheckAsync"/>
    public Task<RawAnswer> CheckAsync(FuzzRequest request) => _server.CheckAsync(request);

    /// <summary>Returns when the kind is served.</summary>
    public Task ServedAsync(ResourceName name) => Catalog.ServedAsync(name);

    /// <summary>Returns when admission knows what was written of these so far.</summary>
    public async Task KnownAsync(params string[] plurals)
    {
        foreach (var plural in plurals)
        {
            var cache = await _server.Host.Services.GetRequiredService<ResourceCaches>().GetAsync(
                new ResourceName("admissionregistration.k8s.io", plural), CancellationToken.None);
            await cache.ConsistentAsync(CancellationToken.None);
        }
    }
}
