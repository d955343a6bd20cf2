using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Matching;

/// <summary>A write in the words in which rules and reviews speak of requests.</summary>
internal static class RequestWords
{
    /// <summary>The namespace of a write as requests have it: of a Namespace that is there, itself.</summary>
    public static string NamespaceOf(AdmissionAttributes attributes) =>
        attributes.Definition.Name == WellKnown.Namespaces && attributes.Operation != AdmissionOperation.Create
            ? attributes.Key.Name
            : attributes.Key.Namespace;
}
