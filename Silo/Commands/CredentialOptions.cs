using System.CommandLine;
using System.Net;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>The options that have a silo write credentials: of an administrator, and of a node.</summary>
internal sealed class CredentialOptions
{
    private readonly Option<string?> _admin = CommonOptions.MaybeText(
        "--admin-kubeconfig", "Write the admin kubeconfig here once the API answers.");
    private readonly Option<string?> _node = CommonOptions.MaybeText(
        "--node-credentials", "Write the credentials of a node into this directory.");
    private readonly Option<string> _nodeName = CommonOptions.NodeName();
    private readonly Option<IPAddress> _nodeAddress =
        CommonOptions.Address("--node-ip", "Address of that node.", IPAddress.Loopback);

    public IEnumerable<Option> All => [_admin, _node, _nodeName, _nodeAddress];

    /// <summary>A silo's options with these in them.</summary>
    public SiloOptions Over(SiloOptions silo, ParseResult parsed) => silo with
    {
        AdminKubeconfig = parsed.GetValue(_admin),
        NodeCredentials = parsed.GetValue(_node),
        NodeName = parsed.GetRequiredValue(_nodeName),
        NodeAddress = parsed.GetRequiredValue(_nodeAddress),
    };
}
