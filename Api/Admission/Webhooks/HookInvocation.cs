using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Webhooks;

/// <summary>A webhook that is to be asked, and the version of the resource that it is asked about.</summary>
/// <param name="Hook">The webhook.</param>
/// <param name="Version">The version.</param>
/// <param name="Index">Its place among those that the step goes through, which the audit log names.</param>
internal readonly record struct HookInvocation(AdmissionHook Hook, ResourceDefinition Version, int Index = 0);
