using k8s.Models;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// Claims that administer devices, whoever uses them, belong into namespaces that are marked for it (KEP 5018).
/// Upstream asks it in the strategies of claims and their templates, with validation.
/// </summary>
public sealed class DeviceAdministrationPlugin(ObjectReader reader) : IAdmissionPlugin
{
    private const string Label = "resource.kubernetes.io/admin-access";

    /// <inheritdoc/>
    public string Name => "DeviceAdministration";

    /// <inheritdoc/>
    public bool Handles(AdmissionAttributes attributes) =>
        attributes.Object is Resourcev1ResourceClaim or V1ResourceClaimTemplate;

    /// <inheritdoc/>
    public async ValueTask<Status?> ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        if (PlaceOfWish(attributes) is not { } path)
        {
            return null;
        }

        var name = attributes.Key.Namespace;
        var found = await reader.FindAsync<V1Namespace>(
            WellKnown.Namespaces, new ObjectKey("", name), cancellationToken);
        if (found?.Metadata.Labels is { } labels && labels.TryGetValue(Label, out var mark) && mark == "true")
        {
            return null;
        }

        var errors = new FieldErrors();
        if (found is null)
        {
            errors.InternalError(
                path,
                $"could not retrieve namespace to verify admin access: namespaces {GoText.Quote(name)} not found");
        }
        else
        {
            errors.Forbidden(
                path, $"admin access to devices requires the `{Label}: true` label on the containing namespace");
        }

        var definition = attributes.Definition;
        return errors.ToStatus(
            definition.Storage.Group, definition.Kind, attributes.Object?.Metadata.Name ?? attributes.Key.Name);
    }

    /// <summary>Where administration is asked for or given for the first time; null when it is not.</summary>
    private static FieldPath? PlaceOfWish(AdmissionAttributes attributes) => attributes switch
    {
        { Operation: AdmissionOperation.Create, Subresource: "", Object: Resourcev1ResourceClaim claim } =>
            PlaceOfWish(claim.Spec?.Devices?.Requests),
        { Operation: AdmissionOperation.Create, Subresource: "", Object: V1ResourceClaimTemplate template } =>
            PlaceOfWish(template.Spec?.Spec?.Devices?.Requests),
        {
            Operation: AdmissionOperation.Update, Subresource: "status", Object: Resourcev1ResourceClaim claim,
            OldObject: Resourcev1ResourceClaim old
        } => FirstGiven(old) < 0 && FirstGiven(claim) is >= 0 and var place
            ? FieldPath.Of("status", "allocation", "devices", "results").Index(place).Child("adminAccess")
            : null,
        _ => null,
    };

    private static FieldPath? PlaceOfWish(IList<V1DeviceRequest>? requests)
    {
        for (var i = 0; i < (requests?.Count ?? 0); i++)
        {
            if (requests![i].Exactly?.AdminAccess == true)
            {
                return FieldPath.Of("spec", "devices", "requests").Index(i).Child("adminAccess");
            }
        }

        return null;
    }

    private static int FirstGiven(Resourcev1ResourceClaim claim)
    {
        var results = claim.Status?.Allocation?.Devices?.Results;
        for (var i = 0; i < (results?.Count ?? 0); i++)
        {
            if (results![i].AdminAccess == true)
            {
                return i;
            }
        }

        return -1;
    }
}
