using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Policies;

/// <summary>
/// Who writes a policy that has parameters, or binds one to some, must be allowed to read these: its expressions tell
/// what they hold. Upstream asks it in the strategies of these kinds, with validation
/// (<c>registry/admissionregistration</c>).
/// </summary>
internal sealed class ParamRightsPlugin(AuthorizerChain authorizers, ResourceCatalog catalog, ObjectReader reader)
    : IAdmissionPlugin
{
    private const string All = "*";

    /// <inheritdoc/>
    public string Name => "PolicyParamRights";

    /// <inheritdoc/>
    public bool Handles(AdmissionAttributes attributes) =>
        attributes is
        {
            Operation: AdmissionOperation.Create or AdmissionOperation.Update, Subresource: "",
            Writing: not { IsInternal: true },
        }
        && (KindOf(attributes.Object) is not null || BindingOf(attributes.Object).Params is not null)
        && !attributes.User.Groups.Contains(SystemNames.Masters);

    /// <inheritdoc/>
    public async ValueTask<Status?> ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var (field, why) = KindOf(attributes.Object) is { } kind
            ? ("paramKind", await WhyNotKindAsync(attributes, kind, cancellationToken))
            : ("paramRef", await WhyNotParamsAsync(attributes, cancellationToken));
        if (why is null)
        {
            return null;
        }

        var errors = new FieldErrors();
        errors.Forbidden(FieldPath.Of("spec", field), why);
        var definition = attributes.Definition;
        return errors.ToStatus(definition.Storage.Group, definition.Kind, attributes.Object!.Metadata.Name ?? "");
    }

    private async ValueTask<string?> WhyNotKindAsync(
        AdmissionAttributes attributes, V1ParamKind kind, CancellationToken cancellationToken)
    {
        var old = KindOf(attributes.OldObject);
        if ((old?.ApiVersion, old?.Kind) == (kind.ApiVersion, kind.Kind))
        {
            return null;
        }

        var wanted = Reading(attributes, kind) with { Verb = "get", Namespace = All, Name = All };
        return await WhyNotAsync(
            wanted,
            $"user {Shown(attributes.User)} must have \"get\" permission on all objects of the referenced paramKind "
                + $"(kind={kind.Kind}, apiVersion={kind.ApiVersion})",
            cancellationToken);
    }

    /// <remarks>Upstream asks of each update, and has user and verb in each other's place when it refuses.</remarks>
    private async ValueTask<string?> WhyNotParamsAsync(
        AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var (policy, reference) = BindingOf(attributes.Object);
        var kind = await FindKindAsync(attributes, policy, cancellationToken);
        var name = reference!.Name ?? "";
        var wanted = Reading(attributes, kind) with
        {
            Verb = name.Length == 0 ? "list" : "get", Namespace = reference.NamespaceProperty ?? "", Name = name,
        };
        return await WhyNotAsync(
            wanted,
            $"user {wanted.Verb} does not have \"{Shown(attributes.User)}\" permission on the object referenced by "
            + "paramRef",
            cancellationToken);
    }

    private async ValueTask<string?> WhyNotAsync(
        AuthorizationAttributes wanted, string refusal, CancellationToken cancellationToken)
    {
        var decision = await authorizers.AuthorizeAsync(wanted, cancellationToken);
        return decision.IsAllowed ? null : decision.Failure.Length > 0 ? decision.Failure : refusal;
    }

    /// <summary>
    /// The kind that the policy of a binding names now, not the one that a lagging cache has; null where nobody knows
    /// it.
    /// </summary>
    private async ValueTask<V1ParamKind?> FindKindAsync(
        AdmissionAttributes attributes, string policy, CancellationToken cancellationToken)
    {
        var key = new ObjectKey("", policy);
        var isValidating = attributes.Object is V1ValidatingAdmissionPolicyBinding;
        var policies = isValidating ? WellKnown.ValidatingAdmissionPolicies : WellKnown.MutatingAdmissionPolicies;
        var found = await reader.GetAsync(policies, key, ReadFreshness.Linearizable, cancellationToken);
        return isValidating
            ? KindOf(found?.As<V1ValidatingAdmissionPolicy>())
            : KindOf(found?.As<V1MutatingAdmissionPolicy>());
    }

    /// <summary>A right to what is of a kind; to all there is where the kind is not known.</summary>
    private AuthorizationAttributes Reading(AdmissionAttributes attributes, V1ParamKind? kind)
    {
        var all = new AuthorizationAttributes
        {
            User = attributes.User, Verb = "", Group = All, Version = All, Resource = All,
        };
        if (kind?.ApiVersion is not { } apiVersion || apiVersion.AsSpan().Count('/') > 1)
        {
            return all;
        }

        var (group, version) = ApiVersions.Split(apiVersion);
        var known = catalog.Current.Find(apiVersion, kind.Kind ?? "");
        return all with { Group = group, Version = version, Resource = known?.Name.Plural ?? All };
    }

    private static V1ParamKind? KindOf(IKubernetesObject<V1ObjectMeta>? item) => item switch
    {
        V1ValidatingAdmissionPolicy policy => policy.Spec?.ParamKind,
        V1MutatingAdmissionPolicy policy => policy.Spec?.ParamKind,
        _ => null,
    };

    private static (string Policy, V1ParamRef? Params) BindingOf(IKubernetesObject<V1ObjectMeta>? item) => item switch
    {
        V1ValidatingAdmissionPolicyBinding binding => (binding.Spec?.PolicyName ?? "", binding.Spec?.ParamRef),
        V1MutatingAdmissionPolicyBinding binding => (binding.Spec?.PolicyName ?? "", binding.Spec?.ParamRef),
        _ => ("", null),
    };

    /// <summary>As Go prints it with <c>%v</c>.</summary>
    private static string Shown(UserIdentity user)
    {
        var extra = user.Extra.OrderBy(static e => e.Key, StringComparer.Ordinal)
            .Select(static e => $"{e.Key}:[{string.Join(' ', e.Value)}]");
        return $"&{{{user.Name} {user.Uid} [{string.Join(' ', user.Groups)}] map[{string.Join(' ', extra)}]}}";
    }
}
