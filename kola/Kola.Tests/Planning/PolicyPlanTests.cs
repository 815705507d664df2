using Kola.Discovery;
using Kola.Planning;
using Kola.Scheduling;
using Kola.Tests.Policies;

namespace Kola.Tests.Planning;

public sealed class PolicyPlanTests
{
    private static readonly TestCase s_case = Some.Case("cl.basic");

    [Test]
    public void A_skip_says_why_who_until_when_and_how_to_run_it_anyway()
    {
        PlannedTest planned = PlanOf(s_case, PolicyTests.Entry(PolicyAction.Skip));
        Assert.That(planned.Skip, Is.EqualTo(new Skip("It is so (https://a.example/1)", "Run it without --policy to see; me answers for p.yaml:7, which skips it until 2026-12-31.")));
        Assert.That(planned.SkippedByPolicy);
    }

    [Test]
    public void What_the_place_lacks_is_told_before_what_the_policy_says()
    {
        PlannedTest planned = PlanOf(s_case with { Needs = [Feature.Tpm] }, PolicyTests.Entry(PolicyAction.Skip));
        Assert.That(planned.Skip!.Reason, Does.Contain("TPM"));
        Assert.That(planned.SkippedByPolicy, Is.False);
    }

    [Test]
    public void Known_tests_run_and_their_excuse_is_in_the_plan()
    {
        PlannedTest planned = PlanOf(s_case, PolicyTests.Entry(PolicyAction.Known));
        Assert.That((planned.Skip, planned.Known), Is.EqualTo(((Skip?)null, new KnownFailure("It is so.", new DateOnly(2026, 12, 31), "https://a.example/1", "me"))));
    }

    [Test]
    public void Enforced_tests_are_enforced_also_where_they_cannot_run()
    {
        Assert.That(PlanOf(s_case, PolicyTests.Entry(PolicyAction.Enforce)).Enforced);
        PlannedTest lacking = PlanOf(s_case with { Needs = [Feature.Tpm] }, PolicyTests.Entry(PolicyAction.Enforce));
        Assert.That((lacking.Enforced, lacking.Skip is null), Is.EqualTo((true, false)));
    }

    [Test]
    public void An_expired_entry_does_nothing() =>
        Assert.That(PlanOf(s_case, PolicyTests.Entry(PolicyAction.Skip) with { Until = new DateOnly(2026, 11, 21) }).Skip, Is.Null);

    [Test]
    public void A_policy_that_contradicts_itself_ends_the_plan() =>
        Assert.That(() => PlanOf(s_case, PolicyTests.Entry(PolicyAction.Enforce), PolicyTests.Entry(PolicyAction.Skip)), Throws.TypeOf<UsageException>());

    private static PlannedTest PlanOf(TestCase test, params PolicyEntry[] entries) => Plan.For(Catalog.Of([test]), new Selection(), new Setting
    {
        Platform = "qemu",
        Features = new HashSet<Feature> { Feature.Console },
        Capacity = new Capacity { Machines = 2, MemoryMiB = 4096, Cpus = 4 },
        Image = Some.Image(),
        Checks = new HashSet<string>(),
        Policy = PolicyTests.Of(entries),
        Today = new DateOnly(2026, 11, 22),
    }).Tests.Single();
}
