using k8s.Models;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Auth.Rbac;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// Who writes a role or binds one must have all that it allows, or be allowed to <c>escalate</c> or <c>bind</c>.
/// Upstream asks it in the storage of these kinds, between the last mutation and validation (<c>policybased</c>).
/// </summary>
public sealed class RoleEscalationPlugin(AuthorizerChain authorizers, RoleBook roles) : IAdmissionPlugin
{
    private static readonly V1PolicyRule[] Everything =
    [
        new() { Verbs = ["*"], ApiGroups = ["*"], Resources = ["*"] },
        new() { Verbs = ["*"], NonResourceURLs = ["*"] },
    ];

    /// <inheritdoc/>
    public string Name => "RoleEscalation";

    /// <inheritdoc/>
    public bool Handles(AdmissionAttributes attributes) =>
        attributes.Operation is AdmissionOperation.Create or AdmissionOperation.Update
        && attributes.Subresource.Length == 0
        && attributes.Object is V1Role or V1ClusterRole or V1RoleBinding or V1ClusterRoleBinding
        && !attributes.User.Groups.Contains(SystemNames.Masters)
        && !OnlyOwnersChange(attributes);

    /// <inheritdoc/>
    public ValueTask<Status?> MutateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken) =>
        attributes.Object switch
        {
            V1Role role => RefuseRoleAsync(attributes, role.Rules, isAggregated: false, cancellationToken),
            V1ClusterRole role => RefuseRoleAsync(
                attributes,
                role.Rules,
                IsAggregated(role) || IsAggregated(attributes.OldObject as V1ClusterRole),
                cancellationToken),
            V1RoleBinding binding => RefuseBindingAsync(attributes, binding.RoleRef, cancellationToken),
            _ => RefuseBindingAsync(
                attributes, ((V1ClusterRoleBinding)attributes.Object!).RoleRef, cancellationToken),
        };

    private async ValueTask<Status?> RefuseRoleAsync(
        AdmissionAttributes attributes, IList<V1PolicyRule>? rules, bool isAggregated,
        CancellationToken cancellationToken)
    {
        // The path of a create names nothing, unless it came as an update.
        var name = attributes is { Operation: AdmissionOperation.Create, IsByUpdate: false }
            ? "" : attributes.Key.Name;
        if (await MayAsync(attributes, "escalate", attributes.Definition.Name.Plural, name, cancellationToken))
        {
            return null;
        }

        var own = await roles.RulesOfAsync(attributes.User, attributes.Key.Namespace, cancellationToken);
        return Refuse(attributes, own, rules ?? [])
            ?? (isAggregated && Escalation.Complaint(attributes.User, own, Everything) is not null
                ? AdmissionRefusals.Forbidden(
                    attributes, "must have cluster-admin privileges to use the aggregationRule")
                : null);
    }

    /// <summary>A role that gathers others can come to allow anything.</summary>
    private static bool IsAggregated(V1ClusterRole? role) =>
        role?.AggregationRule?.ClusterRoleSelectors is { Count: > 0 };

    private async ValueTask<Status?> RefuseBindingAsync(
        AdmissionAttributes attributes, V1RoleRef role, CancellationToken cancellationToken)
    {
        if (role.Kind is not ("Role" or "ClusterRole"))
        {
            var why = $"unsupported role reference kind: {GoText.Quote(role.Kind ?? "")}";
            return new Status { Code = 500, Reason = StatusReasons.Unknown, Message = why };
        }

        var resource = role.Kind == "Role" ? WellKnown.Roles : WellKnown.ClusterRoles;
        if (await MayAsync(attributes, "bind", resource.Plural, role.Name ?? "", cancellationToken))
        {
            return null;
        }

        // Upstream reads its storage here, which knows roles by their plural.
        var granted = await roles.RulesOfAsync(new BoundRole(role, ""), attributes.Key.Namespace, cancellationToken);
        return granted.Complaint is not null
            ? StatusErrors.NotFound(resource, role.Name ?? "")
            : Refuse(
                attributes,
                await roles.RulesOfAsync(attributes.User, attributes.Key.Namespace, cancellationToken),
                granted.Rules);
    }

    private async ValueTask<bool> MayAsync(
        AdmissionAttributes attributes, string verb, string resource, string name, CancellationToken cancellationToken)
    {
        var decision = await authorizers.AuthorizeAsync(
            new AuthorizationAttributes
            {
                User = attributes.User, Verb = verb, Group = WellKnown.Roles.Group, Version = "*", Resource = resource,
                Namespace = attributes.Key.Namespace, Name = name,
            },
            cancellationToken);
        return decision.IsAllowed;
    }

    private static Status? Refuse(
        AdmissionAttributes attributes, IReadOnlyList<GrantedRules> own, IList<V1PolicyRule> wanted) =>
        Escalation.Complaint(attributes.User, own, wanted) is { } complaint
            ? AdmissionRefusals.Forbidden(attributes, complaint)
            : null;

    /// <summary>Nothing changes but owners and finalizers: garbage collection must get on.</summary>
    private static bool OnlyOwnersChange(AdmissionAttributes attributes)
    {
        if (attributes.OldObject is not { } old)
        {
            return false;
        }

        var item = attributes.Definition.Codec.Decode(ResourceCodec.Encode(attributes.Object!));
        var (now, before) = (item.Metadata, old.Metadata);
        now.OwnerReferences = before.OwnerReferences;
        now.Finalizers = before.Finalizers;
        now.ManagedFields = before.ManagedFields;
        now.ResourceVersion = before.ResourceVersion;
        return (item, old) switch
        {
            (V1Role left, V1Role right) => ModelShape.SemanticEquals(left, right),
            (V1ClusterRole left, V1ClusterRole right) => ModelShape.SemanticEquals(left, right),
            (V1RoleBinding left, V1RoleBinding right) => ModelShape.SemanticEquals(left, right),
            (V1ClusterRoleBinding left, V1ClusterRoleBinding right) => ModelShape.SemanticEquals(left, right),
            _ => false,
        };
    }
}
