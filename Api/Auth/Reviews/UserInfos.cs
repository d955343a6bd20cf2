using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Auth.Reviews;

/// <summary>Users as the API shows them.</summary>
internal static class UserInfos
{
    public static V1UserInfo Of(UserIdentity? user) => user is null ? new() : new()
    {
        Username = user.Name,
        Uid = user.Uid.Length == 0 ? null : user.Uid,
        Groups = user.Groups.Count == 0 ? null : [.. user.Groups],
        Extra = user.Extra.Count == 0
            ? null
            : user.Extra.ToDictionary(e => e.Key, e => (IList<string>)[.. e.Value], StringComparer.Ordinal),
    };
}
