using OrleansOrchestrator.Silo.Commands;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Hosting;

/// <summary>
/// Every option of every command, given what it cannot take: one sentence that says what is wrong, and an exit code
/// that is not 0. In the arguments, WORDS in braces stand for things that the test makes.
/// </summary>
public sealed class CommandLineTests : IDisposable
{
    private const string Store = "--connection Host=127.0.0.1;Port=1;Username=nobody;Timeout=2";

    private readonly DirectoryInfo _scratch = Directory.CreateTempSubdirectory("orc-commands-");

    public CommandLineTests()
    {
        File.WriteAllText(Scratch("file"), "not a directory");
        File.WriteAllText(Scratch("tokens"), "no line of a token file");
        Directory.CreateDirectory(Scratch("full"));
        File.WriteAllText(Scratch("full/precious"), "");
        Directory.CreateDirectory(Scratch("newer"));
        File.WriteAllText(Scratch("newer/version"), "999");
        Directory.CreateDirectory(Scratch("odd"));
        File.WriteAllText(Scratch("odd/version"), "1");
        File.WriteAllText(Scratch("odd/share.json"), "{");
        Directory.CreateDirectory(Scratch("spoilt"));
        File.WriteAllText(Scratch("spoilt/version"), "1");
        File.WriteAllText(Scratch("spoilt/options.json"), "[]");
        Directory.CreateDirectory(Scratch("stale"));
        File.WriteAllText(Scratch("stale/version"), "1");
        File.WriteAllText(Scratch("stale/options.json"), """{"--token-auth-file": ["/nowhere/tokens"]}""");
    }

    public void Dispose() => _scratch.Delete(recursive: true);

    [Theory]
    [InlineData("up --data-dir {file}", "is a file: --data-dir names a directory")]
    [InlineData("up --data-dir {file}/below", "--data-dir")]
    [InlineData("up --data-dir {full}", "holds other files, and no cluster")]
    [InlineData("up --data-dir {newer}", "was written by a newer version (layout 999")]
    [InlineData("up --data-dir {odd}", "share.json cannot be read")]
    [InlineData("up --data-dir /proc/none", "/proc/none")]
    [InlineData("up --data-dir {empty}", "--data-dir: there is no value")]
    [InlineData("up --data-dir", "--data-dir")]
    [InlineData("up --kubeconfig {full}", "is a directory: --kubeconfig names a file")]
    [InlineData("up --kubeconfig {empty}", "--kubeconfig: there is no value")]
    [InlineData("up --port http", "--port: 'http' is no number from 1 to 65535")]
    [InlineData("up --port 0", "--port: '0' is no number from 1 to 65535")]
    [InlineData("up --port 65536", "--port: '65536' is no number")]
    [InlineData("up --port -1", "--port: '-1' is no number")]
    [InlineData("up --silo-port 70000", "--silo-port: '70000'")]
    [InlineData("up --kubelet-port x", "--kubelet-port: 'x'")]
    [InlineData("up --proxy-health-port 99999999999", "--proxy-health-port: '99999999999'")]
    [InlineData("up --node-ip here", "--node-ip: 'here' is no IP address")]
    [InlineData("up --pod-cidr 10.244.0.0", "--pod-cidr: '10.244.0.0' is no IPv4 network")]
    [InlineData("up --pod-cidr 10.244.0.0/30", "--pod-cidr: '10.244.0.0/30' is no IPv4 network of 8 to 23 bits")]
    [InlineData("up --service-cidr fd00::/48", "--service-cidr: 'fd00::/48' is no IPv4 network")]
    [InlineData("up --pod-cidr 10.244.0.0/16,fd00::/64", "--pod-cidr: '10.244.0.0/16,fd00::/64' is no IPv4 network")]
    [InlineData("up --service-cidr 10.1.0.0/16,10.2.0.0/16", "--service-cidr: '10.1.0.0/16,10.2.0.0/16' is no IPv4")]
    [InlineData(
        "up --service-cidr 10.96.0.0/16,fd00::/48", "no IPv6 network of 64 to 120 bits, and not one of each with")]
    [InlineData(
        "up --data-dir {empty-dir} --service-cidr 10.96.0.0/16,fd00::/112",
        "Pods and Services need networks of the same families")]
    [InlineData(
        "up --data-dir {empty-dir} --service-cidr fd00::/112,10.96.0.0/16 --pod-cidr 10.244.0.0/16,fd00::/56",
        "Pods and Services need networks of the same families, in the same order")]
    [InlineData("up --node-ip 192.0.2.1,192.0.2.2", "'192.0.2.1,192.0.2.2' is more than one address of each family")]
    [InlineData("up --cluster-dns dns", "--cluster-dns: 'dns' is no IP address")]
    [InlineData("up --node-port-range 32767-30000", "--node-port-range: '32767-30000' is no range of ports")]
    [InlineData("up --node-port-range 1-70000", "--node-port-range: '1-70000' is no range of ports")]
    [InlineData("up --network-name Orc!", "--network-name: 'Orc!' is no name")]
    [InlineData("up --network-name muchtoolonganame", "--network-name: 'muchtoolonganame' is no name")]
    [InlineData("up --node-name My_Node", "--node-name: 'My_Node' is no name of a node")]
    [InlineData("up --hollow-nodes many", "--hollow-nodes: 'many' is no number")]
    [InlineData("up --hollow-nodes -1", "--hollow-nodes: '-1' is no number")]
    [InlineData("up --shutdown-grace-period soon", "--shutdown-grace-period is no time of a second or more")]
    [InlineData("up --shutdown-grace-period 0s", "--shutdown-grace-period is no time of a second or more")]
    [InlineData(
        "up --shutdown-grace-period 5s --shutdown-grace-period-critical-pods 6s",
        "--shutdown-grace-period-critical-pods is more than --shutdown-grace-period")]
    [InlineData("up --hollow-nodes 1 --shutdown-grace-period 5s", "--shutdown-grace-period needs a real node")]
    [InlineData("up --node-option max-pods", "--node-option: 'max-pods' is not NAME=VALUE")]
    [InlineData("up --hollow-nodes 1 --node-option max-pods=5", "--max-pods needs a real node")]
    [InlineData("up --connection nonsense", "--connection is no connection string")]
    [InlineData("up --connection Username=x", "--connection names no Host")]
    [InlineData("up --store-connections 1", "--store-connections: '1' is no number from 5")]
    [InlineData("up --data-dir {spoilt}", "options.json cannot be read")]
    [InlineData("up --data-dir {stale}", "/nowhere/tokens")]
    [InlineData("up --without port", "--without: 'port' is the name of no option that is kept")]
    [InlineData("up --token-auth-file {tokens}", ":1: expected token,user,uid")]
    [InlineData("up --service-account-max-token-expiration 5m", "must be between 1 hour and 2^32 seconds")]
    [InlineData("up --service-account-max-token-expiration 5", "is no time, such as 5m0s: '5'")]
    [InlineData("up --service-account-issuer http://%", "contained a ':' but was not a valid URL")]
    [InlineData(
        "up --service-account-issuer x --service-account-issuer x",
        "service-account-issuer \"x\" is already specified")]
    [InlineData("up --service-account-jwks-uri http://x/keys", "service-account-jwks-uri requires https scheme")]
    [InlineData("up --service-account-extend-token-expiration=perhaps", "perhaps")]
    [InlineData("up --service-account-key-rotation 1h", "must be a week (168h) or more")]
    [InlineData("up --service-account-key-file {missing}", "missing cannot be read")]
    [InlineData("up --service-account-key-file {file}", "does not contain any valid RSA or ECDSA public keys")]
    [InlineData("up --service-account-signing-key-file {file}", "needs --service-account-key-file")]
    [InlineData("up --admission-control-config-file {missing}", "missing does not exist")]
    [InlineData("up --event-ttl tomorrow", "--event-ttl is no time, such as 5m0s: 'tomorrow'")]
    [InlineData("up --default-unreachable-toleration-seconds x", "toleration-seconds: 'x' is no number")]
    [InlineData("up --scheduler-config {missing}", "missing does not exist")]
    [InlineData("up --encryption-provider-config {file}", "file: ")]
    [InlineData("up --authentication-config {missing}", "missing")]
    [InlineData("up --authentication-config {file}", "failed to load authentication configuration from file")]
    [InlineData("up --anonymous-auth=perhaps", "perhaps")]
    [InlineData("up --oidc-client-id c", "oidc-issuer-url and oidc-client-id must be specified together")]
    [InlineData("up --authentication-token-webhook-config-file {missing}", "missing")]
    [InlineData(
        "up --authentication-token-webhook-config-file {file} --authentication-token-webhook-version v2",
        "unsupported webhook authenticator version \"v2\"")]
    [InlineData("up --authorization-config {missing}", "missing")]
    [InlineData("up --authorization-config {file}", "failed to load AuthorizationConfiguration from file")]
    [InlineData("up --authorization-mode XBAC", "authorization-mode \"XBAC\" is not a valid mode")]
    [InlineData("up --authorization-mode ABAC --authorization-policy-file {missing}", "missing")]
    [InlineData(
        "up --strict-transport-security-directives max-age=1,,preload",
        "empty value in strict-transport-security-directives")]
    [InlineData(
        "up --strict-transport-security-directives max-age", "allowed values: max-age=expireTime, includeSubDomains")]
    [InlineData("up --tls-min-version VersionTLS14", "unknown tls version \"VersionTLS14\"")]
    [InlineData(
        "up --tls-cipher-suites TLS_RSA_WITH_RC4_128_SHA,TLS_NONE", "Cipher suite TLS_NONE not supported or doesn't exist")]
    [InlineData("up --tls-sni-cert-key a,b,c", "expected comma separated certificate and key file paths")]
    [InlineData("up --tls-sni-cert-key a,b:", "\"--tls-sni-cert-key\" flag: empty names list is not allowed")]
    [InlineData("up --tls-sni-cert-key {missing},{file}", "missing: no such file or directory")]
    [InlineData("up --tls-sni-cert-key {file},{file}", "tls: failed to find any PEM data in certificate input")]
    [InlineData("up --cors-allowed-origins //a$,,//b$", "empty value in --cors-allowed-origins, help: ")]
    [InlineData("up --cors-allowed-origins ^a", "regular expression does not pin to start/end of host in the origin")]
    [InlineData("up --cors-allowed-origins a$", "regular expression does not pin to start/end of host in the origin")]
    [InlineData(
        "up --cors-allowed-origins ^(a$", "--cors-allowed-origins has an invalid regular expression: error parsing regexp")]
    [InlineData("up --authorization-mode Webhook --authorization-webhook-config-file {missing}", "missing")]
    [InlineData("up --authorization-webhook-cache-authorized-ttl x", "is no time, such as 5m0s: 'x'")]
    [InlineData("up --audit-log-path {missing}", "need --audit-policy-file")]
    [InlineData("up --audit-policy-file nowhere", "/nowhere does not exist")]
    [InlineData("up --audit-policy-file {file}", "file: ")]
    [InlineData("up --audit-policy-file {file} --audit-webhook-config-file {missing}", "missing")]
    [InlineData("up --audit-policy-file {file} --audit-log-path x --audit-log-mode odd", "invalid audit log mode odd")]
    [InlineData(
        "up --audit-policy-file {file} --audit-log-path x --audit-log-truncate-max-batch-size 5",
        "--audit-log-truncate-max-batch-size must be greater than")]
    [InlineData("up --audit-sql-days many", "--audit-sql-days: 'many' is no number")]
    [InlineData("up --no-such-option", "--no-such-option")]
    [InlineData("silo --watch-cache-sizes=pods#0", "--watch-cache-sizes of kube-apiserver is no option of orc's: ")]
    [InlineData("silo --etcd-servers http://127.0.0.1:2379", "the store is PostgreSQL: --connection")]
    [InlineData("up --secure-port 6443", "--secure-port of kube-apiserver is no option of orc's: it is --port")]
    [InlineData("silo -v=4", "-v of kube-apiserver is no option of orc's")]
    [InlineData("down --data-dir {missing}", "There is no cluster in")]
    [InlineData("down --data-dir {file}", "There is no cluster in")]
    [InlineData("down --data-dir {full}", "There is no cluster in")]
    [InlineData("down --data-dir {newer}", "was written by a newer version")]
    [InlineData("reset --yes --data-dir {file}", "There is no cluster in")]
    [InlineData("reset --yes --data-dir {full}", "There is no cluster in")]
    [InlineData("status --data-dir {missing}", "There is no cluster in")]
    [InlineData("status --data-dir {odd}", "share.json cannot be read")]
    [InlineData("image load", "load")]
    [InlineData("image load {missing}", "There is no file")]
    [InlineData("image load {full}", "There is no file")]
    [InlineData("image load {file} --data-dir {missing}", "There is no cluster in")]
    [InlineData("image demo --data-dir {missing}", "There is no cluster in")]
    [InlineData("silo --port x", "--port: 'x' is no number from 0 to 65535")]
    [InlineData("silo --silo-port 65536", "--silo-port: '65536'")]
    [InlineData("silo --bind-address all", "--bind-address: 'all' is no IP address")]
    [InlineData("silo --bind-address 203.0.113.77 --port 0", "203.0.113.77 is no address of this machine")]
    [InlineData("silo --advertise-address x", "--advertise-address: 'x' is no IP address")]
    [InlineData("silo --silo-address x", "--silo-address: 'x' is no IP address")]
    [InlineData("silo --shutdown-delay -5", "--shutdown-delay: '-5' is no number from 0 to 3600")]
    [InlineData(
        "silo --max-requests-inflight 0 --max-mutating-requests-inflight 0",
        "--max-requests-inflight and --max-mutating-requests-inflight must add up to something positive")]
    [InlineData("silo --goaway-chance often", "--goaway-chance is no number, such as 0.001: 'often'")]
    [InlineData("silo --goaway-chance 0.03", "--goaway-chance can not be less than 0 or greater than 0.02")]
    [InlineData("silo --goaway-chance=-0.001", "--goaway-chance can not be less than 0 or greater than 0.02")]
    [InlineData("silo --goaway-chance NaN", "--goaway-chance can not be less than 0 or greater than 0.02")]
    [InlineData("silo --http2-max-streams-per-connection -1", "--http2-max-streams-per-connection: '-1' is no number")]
    [InlineData("silo --hollow-nodes x", "--hollow-nodes: 'x'")]
    [InlineData("silo --controllers perhaps", "perhaps")]
    [InlineData("silo --service-cidr 10.0.0.0/30", "--service-cidr: '10.0.0.0/30'")]
    [InlineData("silo --service-cidr 10.96.0.0/16,fd00::/112", "--service-cidr: Services of IPv6 need pods of IPv6")]
    [InlineData("silo --node-port-range x", "--node-port-range: 'x'")]
    [InlineData("silo --node-name a..b", "--node-name: 'a..b'")]
    [InlineData("silo --node-ip x", "--node-ip: 'x'")]
    [InlineData("silo --port 0 --token-auth-file {missing}", "--token-auth-file ")]
    [InlineData("silo --port 0 --token-auth-file {full}", "--token-auth-file ")]
    [InlineData("silo --port 0 --token-auth-file {tokens}", ":1: expected token,user,uid")]
    [InlineData(
        "silo --port 0 --service-account-issuer {empty}", "service-account-issuer should not be an empty string")]
    [InlineData(
        "silo --port 0 --encryption-provider-config-automatic-reload",
        "--encryption-provider-config-automatic-reload must be set with --encryption-provider-config")]
    [InlineData("silo --port 0 --connection {empty}", "--connection: there is no value")]
    [InlineData("silo --port 0 --connection Host=x;Nonsense=y", "--connection is no connection string")]
    [InlineData(
        "silo --port 0 --silo-port 0 " + Store, "PostgreSQL at 127.0.0.1 (port 1, database nobody) cannot be used")]
    [InlineData("silo --port 0 --silo-port 0 --connection Host=/nowhere;Username=a", "PostgreSQL at /nowhere")]
    [InlineData("silo --port 0 --admin-kubeconfig {file}/admin.conf", "file")]
    [InlineData("silo --port 0 --node-credentials {file}", "file")]
    [InlineData("upp", "upp")]
    [InlineData("up " + Store, "PostgreSQL at 127.0.0.1 (port 1, database nobody) cannot be used")]
    [InlineData("restore {missing} --data-dir {new}", "missing does not exist")]
    [InlineData("logs word --kubeconfig {missing}", "There is no kubeconfig")]
    [InlineData("dashboard --kubeconfig {missing}", "There is no kubeconfig")]
    [InlineData("test", "./orc test does that")]
    [InlineData("bench services --services 5", "./orc bench does that")]
    public async Task What_cannot_be_is_said_in_one_sentence(string command, string expected)
    {
        var errors = new StringWriter();
        var code = await OrcCommandLine.RunAsync(Arguments(command), errors);
        Assert.NotEqual(0, code);
        var sentence = Assert.Single(errors.ToString().Trim().Split('\n'));
        Assert.StartsWith("orc: ", sentence, StringComparison.Ordinal);
        Assert.Contains(expected, sentence, StringComparison.Ordinal);
        Assert.Equal(
            ["file", "full", "newer", "odd", "spoilt", "stale", "tokens"],
            Directory.GetFileSystemEntries(_scratch.FullName).Select(Path.GetFileName).Order());
        Assert.Single(Directory.GetFileSystemEntries(Scratch("full")));
    }

    private string Scratch(string name) => Path.Combine(_scratch.FullName, name);

    // Where nothing else is said, a cluster that would be made is made in the scratch directory, and the test notices.
    private string[] Arguments(string command)
    {
        var words = command.Split(' ').Select(word => word == "{empty}" ? ""
            : word.Replace("{", $"{_scratch.FullName}/", StringComparison.Ordinal)
                .Replace("}", "", StringComparison.Ordinal)).ToList();
        return words[0] == "up" && !words.Contains("--data-dir")
            ? [.. words, "--data-dir", Scratch("new")] : [.. words];
    }
}
