using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Errors;

/// <summary>Refusals of upstream's storage layer, whose texts name storage keys.</summary>
public static class RegistryErrors
{
    /// <summary>An update was meant for an object of another uid.</summary>
    public static Status UidPrecondition(ResourceDefinition definition, ObjectKey key, string wanted, string actual) =>
        Precondition(definition, key, $"UID in precondition: {wanted}, UID in object meta: {actual}");

    /// <summary>An update was meant for another version of the object.</summary>
    public static Status RevisionPrecondition(
        ResourceDefinition definition, ObjectKey key, string wanted, string actual) => Precondition(
            definition, key, $"ResourceVersion in precondition: {wanted}, ResourceVersion in object meta: {actual}");

    /// <summary>A resourceVersion that is no number.</summary>
    public static Status BadRevision(string given) =>
        StatusErrors.Unknown($"strconv.ParseUint: parsing {GoText.Quote(given)}: invalid syntax");

    private static Status Precondition(ResourceDefinition definition, ObjectKey key, string what) =>
        StatusErrors.Conflict(
            definition.Name,
            key.Name,
            $"StorageError: invalid object, Code: 4, Key: {StorageKey(definition.Of, key)}, ResourceVersion: 0, " +
            $"AdditionalErrorMsg: Precondition failed: {what}");

    private static string StorageKey(ResourceKind kind, ObjectKey key)
    {
        var place = kind.StoragePlace ?? kind.Name.Plural;
        return key.Namespace.Length == 0
            ? $"/registry/{place}/{key.Name}"
            : $"/registry/{place}/{key.Namespace}/{key.Name}";
    }
}
