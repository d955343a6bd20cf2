using k8s.Models;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.ApiExtensions.Definitions;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.ApiRegistration.ApiServices;

/// <summary>
/// Keeps an APIService for each group version that is served here, as upstream's API servers do. It remembers nothing:
/// changes of definitions and of APIServices, however many at once, cause one more look at all.
/// </summary>
public sealed class ApiServiceRegistrar : IController
{
    public const string Name = "autoregister";

    private readonly IResourceClient _client;
    private readonly ReconcilingServices _services;
    private readonly ILogger _logger;
    private readonly WakeSignal _signal = new();

    public ApiServiceRegistrar(ReconcilingServices services)
    {
        _services = services;
        _client = services.Client.As(UserIdentity.ApiServer);
        _logger = services.Logger<ApiServiceRegistrar>();
    }

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Failures.TellRefusalsAsync(StartAsync, _logger, Name, cancellationToken);
        await Loops.RunAsync(
            [
                token => FollowAsync(WellKnown.CustomResourceDefinitions, token),
                token => FollowAsync(WellKnown.ApiServices, token),
                PumpAsync,
            ],
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task ResyncAsync(CancellationToken cancellationToken) => StepAsync(isStart: false, cancellationToken);

    /// <summary>What is done once, when the server starts.</summary>
    internal async Task StartAsync(CancellationToken cancellationToken)
    {
        await StepAsync(isStart: true, cancellationToken);
        if (_services.Metrics is not null)
        {
            Expect(await _client.CreateAsync(ApiServicePlanner.OfMetrics(), cancellationToken), "metrics.k8s.io");
        }
    }

    private async Task FollowAsync(ResourceName resource, CancellationToken cancellationToken)
    {
        await foreach (var _ in _client.FollowAsync(resource, cancellationToken))
        {
            _signal.Set();
        }
    }

    private async Task PumpAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _signal.WaitAsync(cancellationToken);
            await Failures.TellRefusalsAsync(ResyncAsync, _logger, Name, cancellationToken);
        }
    }

    private async Task StepAsync(bool isStart, CancellationToken cancellationToken)
    {
        var definitions = await _client.ListAsync(
            new ListQuery
            {
                Resource = WellKnown.CustomResourceDefinitions, Freshness = ReadFreshness.Linearizable,
            },
            cancellationToken);
        var desired = ApiServicePlanner.OfBuiltIn(_services.Resources)
            .Concat(ApiServicePlanner.OfDefinitions(definitions.Items.Select(DefinitionFacts.Of)))
            .DistinctBy(d => d.Metadata.Name, StringComparer.Ordinal).ToList();
        var plan = ApiServicePlanner.Compute(desired, await ListAsync<V1APIService>(cancellationToken), isStart);
        var failures = new Failures();
        await WriteAsync(plan.Create, item => _client.CreateAsync(item, cancellationToken), failures);
        await WriteAsync(plan.Update, item => _client.UpdateAsync(item, cancellationToken), failures);
        await WriteAsync(plan.Delete, item => _client.DeleteAsync(item, cancellationToken), failures);
        failures.ThrowIfAny();
    }

    private static async Task WriteAsync(
        IEnumerable<V1APIService> items, Func<V1APIService, ValueTask<Outcome<ResourceObject>>> write,
        Failures failures)
    {
        foreach (var item in items)
        {
            await failures.TryAsync(async () => Expect(await write(item), item.Metadata.Name));
        }
    }

    private ValueTask<IReadOnlyList<T>> ListAsync<T>(CancellationToken cancellationToken)
        where T : class, k8s.IKubernetesObject<V1ObjectMeta> =>
        _client.ListAsync<T>(
            ResourceOf<T>.Query() with { Freshness = ReadFreshness.Linearizable }, cancellationToken);

    /// <summary>Who was faster brings this here again.</summary>
    private static void Expect(Outcome<ResourceObject> outcome, string name) =>
        outcome.ThrowIfRefused(
            $"APIService {name}", StatusReasons.AlreadyExists, StatusReasons.NotFound, StatusReasons.Conflict);
}
