namespace Kola.Platforms.Tests.Recording;

/// <summary>The schemas refuse what the providers refuse: a recorder that took everything would show nothing.</summary>
internal sealed class RequestSchemaTests
{
    private const string Uuid = "11111111-1111-1111-1111-111111111111";

    [TestCase("openstack", "POST /identity/v3/auth/tokens", """{ "auth": { "scope": "unscoped" } }""", "identity")]
    [TestCase("openstack", "POST /compute/v2.1/servers", $$"""{ "server": { "name": "a", "flavorRef": "1" } }""", "networks")]
    [TestCase("openstack", "POST /compute/v2.1/servers", $$"""{ "server": { "name": "a", "flavorRef": "1", "networks": [ { "uuid": "inside" } ] } }""", "uuid")]
    [TestCase("openstack", "POST /compute/v2.1/servers", $$"""{ "server": { "name": "a", "flavorRef": "1", "networks": "auto", "tags": [ "a/b" ] } }""", "tags")]
    [TestCase("openstack", "POST /compute/v2.1/servers", $$"""{ "server": { "name": "a", "flavorRef": "1", "networks": "auto", "metadata": { "a": 1 } } }""", "metadata")]
    [TestCase("openstack", "POST /compute/v2.1/servers", $$"""{ "server": { "name": "a", "flavorRef": "1", "networks": "auto", "userData": "" } }""", "userData")]
    [TestCase("openstack", "POST /compute/v2.1/servers/1/action", """{ "reboot": { "type": "hard" } }""", "type")]
    [TestCase("openstack", "POST /compute/v2.1/os-keypairs", """{ "keypair": { "name": "a.b" } }""", "name")]
    [TestCase("openstack", "POST /network/v2.0/security-groups", """{ "security_group": { "name": "a", "tags": [] } }""", "tags")]
    [TestCase("openstack", "POST /network/v2.0/security-group-rules", $$"""{ "security_group_rule": { "security_group_id": "{{Uuid}}", "direction": "in" } }""", "direction")]
    [TestCase("openstack", "POST /network/v2.0/ports", """{ "port": { "name": "a" } }""", "network_id")]
    [TestCase("openstack", "POST /network/v2.0/floatingips", $$"""{ "floatingip": { "port_id": "{{Uuid}}" } }""", "floating_network_id")]
    [TestCase("openstack", "POST /image/v2/images", """{ "name": "a", "disk_format": "img" }""", "disk_format")]
    [TestCase("openstack", "POST /image/v2/images", """{ "name": "a", "os_shutdown_timeout": 0 }""", "os_shutdown_timeout")]
    [TestCase("openstack", "PUT /compute/v2.1/servers", "", "no such request")]
    [TestCase("gcp", "POST /compute/v1/projects/p/zones/z/instances", """{ "name": "Upper" }""", "name")]
    [TestCase("gcp", "POST /compute/v1/projects/p/zones/z/instances", """{ "name": "a", "labels": { "a": "B" } }""", "labels")]
    [TestCase("gcp", "POST /compute/v1/projects/p/zones/z/instances", """{ "name": "a", "metadata": { "user-data": "x" } }""", "user-data")]
    [TestCase("gcp", "POST /compute/v1/projects/p/global/images", """{ "name": "a", "rawDisk": { "uri": "x" } }""", "uri")]
    [TestCase("gcp", "POST /compute/v1/projects/p/global/firewalls", """{ "name": "a", "allowed": [ { "ipProtocol": "tcp" } ] }""", "ipProtocol")]
    [TestCase("azure", "PUT /subscriptions/s/resourcegroups/g", """{ "tags": {} }""", "location")]
    [TestCase("azure", "PUT /subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v", """{ "location": "l", "properties": { "osProfile": { "customdata": "" } } }""", "customdata")]
    [TestCase("azure", "PUT /subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkInterfaces/n", """{ "location": "l", "properties": { "ipConfigs": [] } }""", "ipConfigs")]
    [TestCase("azure", "PUT /subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n", """{ "location": "l", "properties": { "securityRules": [ { "name": "a", "properties": { "access": "allow" } } ] } }""", "access")]
    [TestCase("azure", "PUT /subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/images/i", """{ "location": "l", "properties": { "hyperVGeneration": "2" } }""", "hyperVGeneration")]
    public async Task A_wrong_request_is_refused_by_its_property(string provider, string request, string body, string told)
    {
        RequestSchemas schemas = await RequestSchemas.ReadAsync(provider);
        string[] words = request.Split(' ');
        IReadOnlyList<string> wrong = schemas.Check(words[0], words[1], provider == "azure" ? ["api-version"] : [], "application/json", body);
        Assert.That(wrong, Has.Some.Contains(told));
    }

    [Test]
    public async Task A_question_nobody_answers_is_refused()
    {
        RequestSchemas schemas = await RequestSchemas.ReadAsync("openstack");
        Assert.That(schemas.Check("GET", "/compute/v2.1/servers/detail", ["tag"], null, ""), Has.Some.Contains("\"tag\""));
    }
}
