using OrleansOrchestrator.Resources.AdmissionRegistration;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Webhooks;

/// <summary>A webhook that is to be asked, and the version of the resource that it is asked about.</summary>
/// <param name="Hook">The webhook.</param>
/// <param name="Version">The version.</param>
internal readonly record struct HookInvocation(AdmissionHook Hook, ResourceDefinition Version)
{
    /// <summary>Null when no rule of the webhook is about a write.</summary>
    public static HookInvocation? Find(AdmissionHook hook, AdmissionAttributes attributes)
    {
        var asked = Request(attributes, attributes.Definition);
        foreach (var rule in hook.Rules)
        {
            if (rule.Matches(asked))
            {
                return new HookInvocation(hook, attributes.Definition);
            }
        }

        return hook.IsEquivalent ? FindEquivalent(hook, attributes) : null;
    }

    /// <summary>The namespace of a write as requests have it: of a Namespace that is there, itself.</summary>
    public static string NamespaceOf(AdmissionAttributes attributes) =>
        attributes.Definition.Name == WellKnown.Namespaces && attributes.Operation != AdmissionOperation.Create
            ? attributes.Key.Name
            : attributes.Key.Namespace;

    /// <summary>Upstream's word for an operation.</summary>
    public static string Word(AdmissionOperation operation) => operation switch
    {
        AdmissionOperation.Create => "CREATE",
        AdmissionOperation.Update => "UPDATE",
        AdmissionOperation.Delete => "DELETE",
        _ => "CONNECT",
    };

    private static HookInvocation? FindEquivalent(AdmissionHook hook, AdmissionAttributes attributes)
    {
        var subresource = attributes.Subresource;
        foreach (var rule in hook.Rules)
        {
            foreach (var version in attributes.Definition.Of.Versions)
            {
                if (version != attributes.Definition && version.IsServed
                    && (subresource.Length == 0 || version.HasSubresource(subresource))
                    && rule.Matches(Request(attributes, version)))
                {
                    return new HookInvocation(hook, version);
                }
            }
        }

        return null;
    }

    private static RequestedOperation Request(AdmissionAttributes attributes, ResourceDefinition version) => new(
        Word(attributes.Operation), version.Name.Group, version.Version, version.Name.Plural, attributes.Subresource,
        NamespaceOf(attributes));
}
