using k8s.Models;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.AdmissionRegistration.Expressions;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.AdmissionRegistration;

/// <summary>
/// Says of every ValidatingAdmissionPolicy whether its expressions fit the kinds that it names (upstream's
/// <c>validatingadmissionpolicystatus</c>). What a generation was found to be stays, whatever kinds come later.
/// </summary>
public sealed class PolicyStatusController(ReconcilingServices services) : IController
{
    public const string Name = "validatingadmissionpolicy-status-controller";

    /// <summary>As whom upstream's controller owns the status.</summary>
    public const string FieldManager = "validatingadmissionpolicy-status";

    private readonly IResourceClient _client = services.Client.As(UserIdentity.Controller(Name));
    private readonly ILogger _logger = services.Logger<PolicyStatusController>();

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _client.HearAsync(WellKnown.ValidatingAdmissionPolicies, cancellationToken))
        {
            if (change.Kind != ChangeKind.Deleted)
            {
                var policy = change.Object.As<V1ValidatingAdmissionPolicy>();
                await Failures.TellRefusalsAsync(t => CheckAsync(policy, t), _logger, Name, cancellationToken);
            }
        }
    }

    /// <inheritdoc/>
    public async Task ResyncAsync(CancellationToken cancellationToken)
    {
        var all = await _client.ListAsync<V1ValidatingAdmissionPolicy>(
            ResourceOf<V1ValidatingAdmissionPolicy>.Query(), cancellationToken);
        var failures = new Failures();
        foreach (var policy in all)
        {
            await failures.TryAsync(() => CheckAsync(policy, cancellationToken));
        }

        failures.ThrowIfAny();
    }

    private async Task CheckAsync(V1ValidatingAdmissionPolicy policy, CancellationToken cancellationToken)
    {
        // An apply that takes out the last of some warnings leaves nothing around them; one more leaves that it was
        // looked at.
        if (policy.Status?.ObservedGeneration >= policy.Metadata.Generation && policy.Status.TypeChecking is not null)
        {
            return;
        }

        var warnings = PolicyTypeChecker.Check(policy.Spec, services.Catalog.Current);
        var written = await _client.PatchAsync(
            new PatchRequest
            {
                Resource = WellKnown.ValidatingAdmissionPolicies, Key = policy.Key(), Subresource = "status",
                Kind = PatchKind.Apply, FieldManager = FieldManager,
                Patch = ResourceCodec.Encode(Applied(policy, warnings)),
            },
            cancellationToken);

        // An apply makes what is not there: its uid forbids that.
        written.ThrowIfRefused(
            $"status of validatingadmissionpolicy {policy.Metadata.Name}",
            StatusReasons.NotFound, StatusReasons.Conflict);
    }

    private static V1ValidatingAdmissionPolicy Applied(
        V1ValidatingAdmissionPolicy policy, IReadOnlyList<V1ExpressionWarning> warnings) => new()
    {
        ApiVersion = ResourceOf<V1ValidatingAdmissionPolicy>.ApiVersion,
        Kind = ResourceOf<V1ValidatingAdmissionPolicy>.Kind,
        Metadata = new V1ObjectMeta { Name = policy.Metadata.Name, Uid = policy.Metadata.Uid },
        Status = new V1ValidatingAdmissionPolicyStatus
        {
            ObservedGeneration = policy.Metadata.Generation,
            TypeChecking = new V1TypeChecking { ExpressionWarnings = warnings.Count == 0 ? null : [.. warnings] },
        },
    };
}
