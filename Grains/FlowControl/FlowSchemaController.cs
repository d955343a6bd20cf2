using k8s.Models;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.FlowControl;

/// <summary>
/// Says of every FlowSchema whether the priority level that it names is there (upstream's API servers do it, in
/// <c>apiserver/pkg/util/flowcontrol</c>). It keeps nothing: each change of a schema, and each level that comes
/// or goes,
/// is compared anew.
/// </summary>
public sealed class FlowSchemaController : IController
{
    public const string Name = "flow-schema-controller";

    /// <summary>As whom upstream's API server owns the condition.</summary>
    public const string FieldManager = "api-priority-and-fairness-config-consumer-v1";

    private readonly IResourceClient _client;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    public FlowSchemaController(ReconcilingServices services)
        : this(services.Client, services.Time, services.Logger<FlowSchemaController>())
    {
    }

    /// <summary>For hosts without controllers, where upstream's API server does the same alone.</summary>
    public FlowSchemaController(IResourceClient client, TimeProvider time, ILogger logger)
    {
        _client = client.As(UserIdentity.ApiServer);
        _time = time;
        _logger = logger;
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Loops.RunAsync([FollowSchemasAsync, FollowLevelsAsync], cancellationToken);

    /// <inheritdoc/>
    public Task ResyncAsync(CancellationToken cancellationToken) => CheckAllAsync(null, cancellationToken);

    private async Task FollowSchemasAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _client.HearAsync(WellKnown.FlowSchemas, cancellationToken))
        {
            if (change.Kind != ChangeKind.Deleted)
            {
                var schema = change.Object.As<V1FlowSchema>();
                await Failures.TellRefusalsAsync(t => CheckAsync(schema, t), _logger, Name, cancellationToken);
            }
        }
    }

    private async Task FollowLevelsAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _client.HearAsync(WellKnown.PriorityLevelConfigurations, cancellationToken))
        {
            if (change.Kind != ChangeKind.Modified)
            {
                var level = change.Object.Key.Name;
                await Failures.TellRefusalsAsync(t => CheckAllAsync(level, t), _logger, Name, cancellationToken);
            }
        }
    }

    /// <summary>Checks the schemas that name a level; all for null.</summary>
    private async Task CheckAllAsync(string? level, CancellationToken cancellationToken)
    {
        var schemas = await _client.ListAsync<V1FlowSchema>(ResourceOf<V1FlowSchema>.Query(), cancellationToken);
        var failures = new Failures();
        foreach (var schema in schemas.Where(s => level is null || FlowSchemaPlanner.LevelOf(s) == level))
        {
            await failures.TryAsync(() => CheckAsync(schema, cancellationToken));
        }

        failures.ThrowIfAny();
    }

    private async Task CheckAsync(V1FlowSchema schema, CancellationToken cancellationToken)
    {
        var level = await _client.GetAsync(
            WellKnown.PriorityLevelConfigurations,
            new ObjectKey("", FlowSchemaPlanner.LevelOf(schema)),
            ReadFreshness.Linearizable,
            cancellationToken);
        if (FlowSchemaPlanner.Compute(schema, level.Succeeded, _time.GetUtcNow()) is not { } condition)
        {
            return;
        }

        var written = await _client.PatchAsync(
            new PatchRequest
            {
                Resource = WellKnown.FlowSchemas, Key = schema.Key(), Subresource = "status", Kind = PatchKind.Apply,
                FieldManager = FieldManager, Patch = ResourceCodec.Encode(Applied(schema, condition)),
            },
            cancellationToken);

        // An apply makes what is not there: its uid forbids that.
        written.ThrowIfRefused(
            $"condition of flowschema {schema.Metadata.Name}", StatusReasons.NotFound, StatusReasons.Conflict);
    }

    private static V1FlowSchema Applied(V1FlowSchema schema, V1FlowSchemaCondition condition) => new()
    {
        ApiVersion = ResourceOf<V1FlowSchema>.ApiVersion,
        Kind = ResourceOf<V1FlowSchema>.Kind,
        Metadata = new V1ObjectMeta { Name = schema.Metadata.Name, Uid = schema.Metadata.Uid },
        Status = new V1FlowSchemaStatus { Conditions = [condition] },
    };
}
