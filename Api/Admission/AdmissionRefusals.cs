using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>Refusals of admission plugins, as upstream's <c>admission.NewForbidden</c> words them.</summary>
public static class AdmissionRefusals
{
    /// <summary><c>pods "x" is forbidden: why</c>; before a name is generated its prefix stands in.</summary>
    public static Status Forbidden(AdmissionAttributes attributes, string why)
    {
        var metadata = attributes.Object?.Metadata;
        var name = attributes.Key.Name.Length > 0 ? attributes.Key.Name
            : !string.IsNullOrEmpty(metadata?.Name) ? metadata.Name
            : !string.IsNullOrEmpty(metadata?.GenerateName) ? metadata.GenerateName
            : "Unknown";
        return StatusErrors.Forbidden(attributes.Definition.Name, name, why);
    }
}
