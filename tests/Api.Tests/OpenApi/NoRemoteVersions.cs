using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Api.Tests.OpenApi;

/// <summary>Nobody stands behind this server.</summary>
internal sealed class NoRemoteVersions : IRemoteVersions
{
    public IReadOnlyList<RemoteVersion> Current => [];
}
