using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.Resources.ApiRegistration.ApiServices;

namespace OrleansOrchestrator.Api.Aggregation;

/// <summary>A group version that another server serves behind this one: what its APIService says.</summary>
/// <param name="Group">The group.</param>
/// <param name="Version">The version.</param>
/// <param name="Priority">Its place in discovery.</param>
/// <param name="Target">The Service that leads to it.</param>
/// <param name="IsAvailable">Whether its server answered when it was last looked at.</param>
public sealed record RemoteApi(
    string Group, string Version, ApiPriority Priority, RemoteTarget Target, bool IsAvailable)
{
    /// <summary><c>group/version</c>.</summary>
    public string GroupVersion => $"{Group}/{Version}";
}
