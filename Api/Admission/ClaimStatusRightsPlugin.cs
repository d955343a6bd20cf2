using k8s.Models;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// Who writes the status of a ResourceClaim needs one right more for what it has been given, and one for the state of
/// each driver's devices (KEP 4817). Upstream asks it in the strategy, with validation.
/// </summary>
public sealed class ClaimStatusRightsPlugin(AuthorizerChain authorizers) : IAdmissionPlugin
{
    /// <inheritdoc/>
    public string Name => "ClaimStatusRights";

    /// <inheritdoc/>
    public bool Handles(AdmissionAttributes attributes) =>
        attributes is
        {
            Operation: AdmissionOperation.Update, Subresource: "status", Object: Resourcev1ResourceClaim,
            OldObject: Resourcev1ResourceClaim, Writing: not { IsInternal: true }
        };

    /// <inheritdoc/>
    public async ValueTask<Status?> ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var status = ((Resourcev1ResourceClaim)attributes.Object!).Status ?? new V1ResourceClaimStatus();
        var old = ((Resourcev1ResourceClaim)attributes.OldObject!).Status ?? new V1ResourceClaimStatus();
        var errors = new FieldErrors();
        await CheckBindingAsync(attributes, status, old, errors, cancellationToken);
        await CheckDriversAsync(attributes, status, old, errors, cancellationToken);
        var definition = attributes.Definition;
        return errors.Count == 0
            ? null
            : errors.ToStatus(definition.Storage.Group, definition.Kind, attributes.Key.Name);
    }

    private async ValueTask CheckBindingAsync(
        AdmissionAttributes attributes, V1ResourceClaimStatus status, V1ResourceClaimStatus old, FieldErrors errors,
        CancellationToken cancellationToken)
    {
        if (ModelShape.SemanticEquals(Given(status), Given(old)))
        {
            return;
        }

        var wanted = Wanted(attributes, VerbOf(attributes), "binding");
        if (await RefuseAsync(wanted, cancellationToken) is { } refusal)
        {
            errors.Forbidden(
                FieldPath.Of("status"),
                "changing status.allocation or status.reservedFor requires " +
                $"resource=\"resourceclaims/binding\", verb=\"{wanted.Verb}\" permission: {refusal}");
        }
    }

    private static V1ResourceClaimStatus Given(V1ResourceClaimStatus status) =>
        new() { Allocation = status.Allocation, ReservedFor = status.ReservedFor };

    private async ValueTask CheckDriversAsync(
        AdmissionAttributes attributes, V1ResourceClaimStatus status, V1ResourceClaimStatus old, FieldErrors errors,
        CancellationToken cancellationToken)
    {
        var verb = VerbOf(attributes);
        string[] verbs = IsOn(attributes.User, NodeOf(status.Allocation))
            ? [$"associated-node:{verb}", $"arbitrary-node:{verb}"]
            : [$"arbitrary-node:{verb}"];
        foreach (var driver in ChangedDrivers(status, old))
        {
            string? refusal = null;
            foreach (var one in verbs)
            {
                var wanted = Wanted(attributes, one, "driver") with
                {
                    Namespace = attributes.Key.Namespace, Name = driver,
                };
                var answer = await RefuseAsync(wanted, cancellationToken);
                if (answer is null)
                {
                    refusal = null;
                    break;
                }

                refusal ??= answer;
            }

            if (refusal is not null)
            {
                errors.Forbidden(
                    FieldPath.Of("status", "devices"),
                    "changing status.devices requires resource=\"resourceclaims/driver\", " +
                    $"verb=\"[{string.Join(' ', verbs)}]\" permission: {refusal}");
            }
        }
    }

    /// <summary>Drivers of devices whose state is new, another or gone.</summary>
    private static SortedSet<string> ChangedDrivers(V1ResourceClaimStatus status, V1ResourceClaimStatus old)
    {
        var before = new Dictionary<(string?, string?, string?, string), V1AllocatedDeviceStatus>();
        foreach (var device in old.Devices ?? [])
        {
            before[KeyOf(device)] = device;
        }

        var changed = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var device in status.Devices ?? [])
        {
            if (!before.Remove(KeyOf(device), out var previous) || !ModelShape.SemanticEquals(previous, device))
            {
                changed.Add(device.Driver ?? "");
            }
        }

        changed.UnionWith(before.Values.Select(static d => d.Driver ?? ""));
        return changed;
    }

    private static (string? Driver, string? Pool, string? Device, string Share) KeyOf(V1AllocatedDeviceStatus device) =>
        (device.Driver, device.Pool, device.Device, device.ShareID ?? "");

    /// <summary>The one node from which the devices can be used; null when there is none, or are several.</summary>
    private static string? NodeOf(V1AllocationResult? allocation) =>
        allocation?.NodeSelector?.NodeSelectorTerms is [{ MatchExpressions: null or [], MatchFields: [var field] }]
            && field is { Key: "metadata.name", OperatorProperty: "In", Values: [var node] }
            ? node
            : null;

    /// <summary>True for a service account whose token belongs to a pod of the node.</summary>
    private static bool IsOn(UserIdentity user, string? node) =>
        !string.IsNullOrEmpty(node)
        && SystemNames.NodeOfServiceAccount(user) == node
        && NameChecks.IsDnsSubdomain(node);

    private static string VerbOf(AdmissionAttributes attributes) =>
        attributes.Writing is { IsPatch: true } ? "patch" : "update";

    private static AuthorizationAttributes Wanted(AdmissionAttributes attributes, string verb, string subresource) =>
        new()
        {
            User = attributes.User, Verb = verb, Group = WellKnown.ResourceClaims.Group,
            Version = attributes.Definition.Version, Resource = WellKnown.ResourceClaims.Plural,
            Subresource = subresource,
        };

    /// <summary>Why not; null when it is allowed.</summary>
    private async ValueTask<string?> RefuseAsync(
        AuthorizationAttributes wanted, CancellationToken cancellationToken)
    {
        var decision = await authorizers.AuthorizeAsync(wanted, cancellationToken);
        if (decision.IsAllowed)
        {
            return null;
        }

        var parts = new[] { decision.Failure, decision.Reason }.Where(static p => p.Length > 0);
        return Refusals.Forbidden(wanted, string.Join(": ", parts)).Message;
    }
}
